package hooks

import (
	"context"
	"net/http"

	"fieldsync/crdt"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/api"
	"fieldsync/server/internal/webhook"

	"github.com/danielgtaylor/huma/v2"
)

// Webhook is a subscription as the API gives it. Its secret is told once, when it is made.
type Webhook struct {
	ID           string         `json:"id"`
	URL          string         `json:"url"`
	Events       []string       `json:"events" doc:"What it hears of; * is everything"`
	Description  string         `json:"description"`
	Active       bool           `json:"active"`
	Reason       string         `json:"disabled_reason,omitempty" doc:"Why the server has disabled it"`
	Owner        string         `json:"owner" doc:"Who made it: user:<id> or integration:<id>. Muted changes of his own are not told to it"`
	CreatedAt    crdt.Timestamp `json:"created_at"`
	UpdatedAt    crdt.Timestamp `json:"updated_at"`
	Failures     int            `json:"failures" doc:"Attempts that failed since the last that did not"`
	FailingSince crdt.Timestamp `json:"failing_since,omitempty"`
}

// WebhookSecret is a webhook with its secret.
type WebhookSecret struct {
	Webhook
	Secret string `json:"secret" doc:"whsec_…: what messages are signed with, for the libraries of Standard Webhooks. It is not shown again"`
}

// WebhookList is all webhooks of an organisation.
type WebhookList struct {
	Webhooks []Webhook `json:"webhooks"`
}

// WebhookNew is a webhook to make.
type WebhookNew struct {
	URL         string   `json:"url" minLength:"1" maxLength:"2048" doc:"Where messages are posted to: https, a public address"`
	Events      []string `json:"events,omitempty" maxItems:"50" doc:"What it is to hear of; without: everything"`
	Description string   `json:"description,omitempty" maxLength:"500"`
	Active      *bool    `json:"active,omitempty" doc:"Without: true"`
}

// WebhookPatch is what to change; what is left out stays.
type WebhookPatch struct {
	URL         *string   `json:"url,omitempty" minLength:"1" maxLength:"2048"`
	Events      *[]string `json:"events,omitempty" maxItems:"50"`
	Description *string   `json:"description,omitempty" maxLength:"500"`
	Active      *bool     `json:"active,omitempty" doc:"false drops what waits; true begins with what happens from then on"`
}

// Deliveries is the log of a webhook.
type Deliveries struct {
	Deliveries []webhook.Delivery `json:"deliveries" doc:"The last attempts, the newest first"`
}

// OfWebhook names a webhook in the path.
type OfWebhook struct {
	Webhook string `path:"webhook" maxLength:"36" doc:"The webhook's id"`
}

type body[T any] struct{ Body T }

type created struct {
	Location string `header:"Location"`
	Body     WebhookSecret
}

type none struct{}

func shown(h webhook.Hook) Webhook {
	return Webhook{ID: h.ID, URL: h.URL, Events: h.Events, Description: h.Description, Active: h.Active, Reason: h.Reason, Owner: h.Owner,
		CreatedAt: h.CreatedAt, UpdatedAt: h.UpdatedAt, Failures: h.Failures, FailingSince: h.FailingSince}
}

// add adds an operation for administrators.
func add[I, O any](a *api.API, op huma.Operation, do func(context.Context, access.Principal, *I) (*O, error)) {
	op.Tags, op.Path = []string{"webhooks"}, api.Prefix+op.Path
	huma.Register(a, op, func(ctx context.Context, in *I) (*O, error) {
		p, err := api.Principal(ctx)
		if err != nil {
			return nil, err
		}
		if p.Role != access.RoleOwner && p.Role != access.RoleAdministrator {
			return nil, crdt.Errorf(crdt.KindForbidden, "webhooks are managed by owners and administrators")
		}
		return do(ctx, p, in)
	})
}

// Register adds the operations to the API.
func Register(a *api.API, w *webhook.Webhooks) {
	add(a, huma.Operation{OperationID: "list-webhooks", Method: http.MethodGet, Path: "webhooks", Summary: "The webhooks of the organisation"},
		func(_ context.Context, p access.Principal, _ *struct{}) (*body[WebhookList], error) {
			out := &body[WebhookList]{WebhookList{Webhooks: []Webhook{}}}
			for _, h := range w.List(p.Org) {
				out.Body.Webhooks = append(out.Body.Webhooks, shown(h))
			}
			return out, nil
		})
	add(a, api.Keyed(huma.Operation{OperationID: "create-webhook", Method: http.MethodPost, Path: "webhooks", DefaultStatus: http.StatusCreated,
		Summary: "Makes a webhook; the answer holds its secret, which is not shown again"}),
		func(ctx context.Context, p access.Principal, in *body[WebhookNew]) (*created, error) {
			d := webhook.Draft{URL: in.Body.URL, Events: in.Body.Events, Description: in.Body.Description, Active: in.Body.Active == nil || *in.Body.Active}
			id, _ := api.NewID(ctx, "webhook")
			h, secret, err := w.Create(id, p, d)
			if err != nil {
				return nil, err
			}
			return &created{Location: api.Prefix + "webhooks/" + h.ID, Body: WebhookSecret{shown(h), secret}}, nil
		})
	add(a, huma.Operation{OperationID: "get-webhook", Method: http.MethodGet, Path: "webhooks/{webhook}", Summary: "A webhook"},
		func(_ context.Context, p access.Principal, in *OfWebhook) (*body[Webhook], error) {
			h, err := w.Get(p.Org, in.Webhook)
			return &body[Webhook]{shown(h)}, err
		})
	add(a, huma.Operation{OperationID: "patch-webhook", Method: http.MethodPatch, Path: "webhooks/{webhook}", Summary: "Changes a webhook, or makes it active or inactive"},
		func(_ context.Context, p access.Principal, in *struct {
			OfWebhook
			Body WebhookPatch
		}) (*body[Webhook], error) {
			h, err := w.Update(p, in.Webhook, func(d *webhook.Draft) {
				set(&d.URL, in.Body.URL)
				set(&d.Events, in.Body.Events)
				set(&d.Description, in.Body.Description)
				set(&d.Active, in.Body.Active)
			})
			return &body[Webhook]{shown(h)}, err
		})
	add(a, huma.Operation{OperationID: "delete-webhook", Method: http.MethodDelete, Path: "webhooks/{webhook}", Summary: "Takes a webhook away, with what waits for it and its log"},
		func(_ context.Context, p access.Principal, in *OfWebhook) (*none, error) {
			return nil, w.Delete(p, in.Webhook)
		})
	add(a, huma.Operation{OperationID: "rotate-webhook-secret", Method: http.MethodPost, Path: "webhooks/{webhook}/rotate",
		Summary: "Gives a webhook a new secret; for a day messages are signed by the old one too"},
		func(_ context.Context, p access.Principal, in *OfWebhook) (*body[WebhookSecret], error) {
			h, secret, err := w.Rotate(p, in.Webhook)
			return &body[WebhookSecret]{WebhookSecret{shown(h), secret}}, err
		})
	add(a, huma.Operation{OperationID: "test-webhook", Method: http.MethodPost, Path: "webhooks/{webhook}/test",
		Summary: "Sends a message of the type webhook.test at once, and tells what became of it"},
		func(ctx context.Context, p access.Principal, in *OfWebhook) (*body[webhook.Delivery], error) {
			d, err := w.Test(ctx, p.Org, in.Webhook)
			return &body[webhook.Delivery]{d}, err
		})
	add(a, huma.Operation{OperationID: "list-deliveries", Method: http.MethodGet, Path: "webhooks/{webhook}/deliveries",
		Summary: "The last attempts to deliver to a webhook"},
		func(_ context.Context, p access.Principal, in *OfWebhook) (*body[Deliveries], error) {
			log, err := w.Deliveries(p.Org, in.Webhook)
			return &body[Deliveries]{Deliveries{Deliveries: log}}, err
		})
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}
