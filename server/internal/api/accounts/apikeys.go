package accounts

import (
	"context"
	"net/http"
	"time"

	"fieldsync/server/internal/access"
	"fieldsync/server/internal/api"
	"fieldsync/server/internal/auth"
)

// APIKey lets a program in.
type APIKey struct {
	ID       string      `json:"id"`
	Name     string      `json:"name"`
	Role     access.Role `json:"role" enum:"dispatcher,director,administrator"`
	By       string      `json:"created_by"`
	Created  *time.Time  `json:"created_at,omitempty"`
	LastSeen *time.Time  `json:"last_seen_at,omitempty" doc:"To a quarter of an hour; left out while it is not known"`
	Expires  *time.Time  `json:"expires_at,omitempty" doc:"Left out: never"`
}

// APIKeyList is all keys of an organisation.
type APIKeyList struct {
	Keys []APIKey `json:"keys"`
}

// APIKeyNew is a key to make.
type APIKeyNew struct {
	Name    string     `json:"name" minLength:"1" maxLength:"200" doc:"The program that uses it"`
	Role    string     `json:"role" enum:"dispatcher,director,administrator" doc:"What the program may do"`
	Expires *time.Time `json:"expires_at,omitempty" doc:"Left out: never"`
}

// APIKeySecret is a key with its secret.
type APIKeySecret struct {
	APIKey
	Secret string `json:"secret" doc:"The Bearer token: shown this once"`
}

func apiKey(k auth.APIKey) APIKey {
	return APIKey{ID: k.ID, Name: k.Name, Role: k.Role, By: k.By, Created: at(k.Created), LastSeen: at(k.Seen), Expires: at(k.Expires)}
}

func (h Handlers) registerAPIKeys(a *api.API) {
	const tag = "apikeys"
	add(a, operation("list-apikeys", http.MethodGet, "apikeys", "The API keys: owners and administrators", tag),
		func(_ context.Context, by access.Principal, _ *struct{}) (*body[APIKeyList], error) {
			keys, err := h.Auth.APIKeys(by)
			if err != nil {
				return nil, err
			}
			out := &body[APIKeyList]{APIKeyList{Keys: []APIKey{}}}
			for _, k := range keys {
				out.Body.Keys = append(out.Body.Keys, apiKey(k))
			}
			return out, nil
		})
	add(a, operation("create-apikey", http.MethodPost, "apikeys", "Makes an API key, and shows its secret this once: people who are owners or administrators", tag),
		func(_ context.Context, by access.Principal, in *struct{ Body APIKeyNew }) (*body[APIKeySecret], error) {
			var expires time.Time
			if in.Body.Expires != nil {
				expires = *in.Body.Expires
			}
			k, secret, err := h.Auth.CreateAPIKey(by, in.Body.Name, in.Body.Role, expires)
			if err != nil {
				return nil, err
			}
			return &body[APIKeySecret]{APIKeySecret{APIKey: apiKey(k), Secret: secret}}, nil
		})
	add(a, operation("revoke-apikey", http.MethodDelete, "apikeys/{key}", "Ends an API key, at once, and its open connections: people who are owners or administrators", tag),
		func(_ context.Context, by access.Principal, in *struct {
			Key string `path:"key" maxLength:"63" doc:"The key's id"`
		}) (*none, error) {
			return nil, h.Auth.RevokeAPIKey(by, in.Key)
		})
}
