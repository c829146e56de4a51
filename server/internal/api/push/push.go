package push

import (
	"context"
	"encoding/base64"
	"net/http"

	"fieldsync/crdt"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/api"
	"fieldsync/server/internal/notify"

	"github.com/danielgtaylor/huma/v2"
)

type body[T any] struct{ Body T }

type none struct{}

// ofDevice names a device in the path.
type ofDevice struct {
	Device string `path:"device" maxLength:"63" doc:"The device's id"`
}

func add[I, O any](a *api.API, op huma.Operation, do func(context.Context, access.Principal, *I) (*O, error)) {
	op.Tags, op.Path = []string{"push"}, api.Prefix+op.Path
	huma.Register(a, op, func(ctx context.Context, in *I) (*O, error) {
		p, err := api.Principal(ctx)
		if err != nil {
			return nil, err
		}
		return do(ctx, p, in)
	})
}

// person refuses programs: they have no device.
func person(p access.Principal) error {
	if p.User == "" || p.Device == "" {
		return crdt.Errorf(crdt.KindForbidden, "only a person's device is told of changes")
	}
	return nil
}

// sees tells whether somebody sees the devices of others.
func sees(p access.Principal) bool { return manages(p) || p.Role == access.RoleDispatcher }

func manages(p access.Principal) bool {
	return p.Role == access.RoleOwner || p.Role == access.RoleAdministrator
}

// reached gives a subscription that somebody may test and remove: his own, or as an administrator of the organisation any.
func reached(n *notify.Notifier, p access.Principal, device string) (notify.Subscription, error) {
	s, err := n.Of(p.Org, device)
	if err == nil && !manages(p) && (p.User == "" || s.User != p.User) {
		return notify.Subscription{}, notify.ErrNoSubscription
	}
	return s, err
}

// Register adds the operations to the API.
func Register(a *api.API, n *notify.Notifier) {
	registerOwn(a, n)
	const many, one = "push/subscriptions", "push/subscriptions/{device}"
	add(a, huma.Operation{OperationID: "list-push-subscriptions", Method: http.MethodGet, Path: many,
		Summary: "The devices that are told of changes: one's own; those of others for owners, administrators and dispatchers"},
		func(_ context.Context, p access.Principal, in *struct {
			User string `query:"user" maxLength:"63" doc:"Only this user's"`
		}) (*body[SubscriptionList], error) {
			if !sees(p) && (in.User == "" || in.User != p.User) {
				return nil, crdt.Errorf(crdt.KindForbidden, "the devices of others are for owners, administrators and dispatchers")
			}
			out := &body[SubscriptionList]{SubscriptionList{Subscriptions: []Subscription{}}}
			for _, s := range n.List(p.Org, in.User) {
				out.Body.Subscriptions = append(out.Body.Subscriptions, shown(s))
			}
			return out, nil
		})
	add(a, huma.Operation{OperationID: "remove-push-subscription", Method: http.MethodDelete, Path: one,
		Summary: "Ends the notices to a device: one's own; those of others for owners and administrators"},
		func(_ context.Context, p access.Principal, in *ofDevice) (*none, error) {
			if _, err := reached(n, p, in.Device); err != nil {
				return nil, err
			}
			return nil, n.Unsubscribe(p.Org, in.Device)
		})
	add(a, huma.Operation{OperationID: "test-push", Method: http.MethodPost, Path: one + "/test",
		Summary: "Sends a device a notice at once, and tells what became of it: one's own; those of others for owners and administrators"},
		func(ctx context.Context, p access.Principal, in *ofDevice) (*body[notify.Entry], error) {
			if _, err := reached(n, p, in.Device); err != nil {
				return nil, err
			}
			e, err := n.Test(ctx, p.Org, in.Device)
			return &body[notify.Entry]{e}, err
		})
	add(a, huma.Operation{OperationID: "list-push-log", Method: http.MethodGet, Path: "push/log",
		Summary: "What was sent to devices, and what became of it: owners and administrators"},
		func(_ context.Context, p access.Principal, in *struct {
			User   string `query:"user" maxLength:"63" doc:"Only this user's"`
			Result string `query:"result" enum:"sent,later,gone,long,refused,dropped,expired" doc:"Only attempts of this result"`
			Before uint64 `query:"before" doc:"The number of an entry: those before it; left out for the newest"`
			Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"How many at most"`
		}) (*body[Log], error) {
			if !manages(p) {
				return nil, crdt.Errorf(crdt.KindForbidden, "the log is for owners and administrators")
			}
			entries, err := n.Entries(p.Org, notify.LogQuery{User: in.User, Result: in.Result, Before: in.Before, Limit: in.Limit})
			return &body[Log]{Log{Entries: entries}}, err
		})
}

// registerOwn adds what a device says of itself, and a person of himself.
func registerOwn(a *api.API, n *notify.Notifier) {
	add(a, huma.Operation{OperationID: "get-push-key", Method: http.MethodGet, Path: "push/key", Summary: "The server's key to subscribe with"},
		func(context.Context, access.Principal, *struct{}) (*body[Key], error) {
			return &body[Key]{Key{Key: base64.RawURLEncoding.EncodeToString(n.PublicKey())}}, nil
		})
	const own = "push/subscription"
	add(a, huma.Operation{OperationID: "get-push-subscription", Method: http.MethodGet, Path: own, Summary: "The subscription of the device that asks"},
		func(_ context.Context, p access.Principal, _ *struct{}) (*body[Subscription], error) {
			if err := person(p); err != nil {
				return nil, err
			}
			s, err := n.Of(p.Org, p.Device)
			return &body[Subscription]{shown(s)}, err
		})
	add(a, huma.Operation{OperationID: "put-push-subscription", Method: http.MethodPut, Path: own,
		Summary: "Says where the device that asks is told of changes, in the place of what it said before. It ends with the device's sign-in"},
		func(_ context.Context, p access.Principal, in *body[Registration]) (*body[Subscription], error) {
			s, err := n.Subscribe(p, in.Body.draft())
			return &body[Subscription]{shown(s)}, err
		})
	add(a, huma.Operation{OperationID: "delete-push-subscription", Method: http.MethodDelete, Path: own, Summary: "Ends the notices to the device that asks"},
		func(_ context.Context, p access.Principal, _ *struct{}) (*none, error) {
			if err := person(p); err != nil {
				return nil, err
			}
			return nil, n.Unsubscribe(p.Org, p.Device)
		})
	const wishes = "push/settings"
	add(a, huma.Operation{OperationID: "get-push-settings", Method: http.MethodGet, Path: wishes, Summary: "What the person who asks wants to hear"},
		func(_ context.Context, p access.Principal, _ *struct{}) (*body[Wishes], error) {
			if err := person(p); err != nil {
				return nil, err
			}
			s, err := n.SettingsOf(p.Org, p.User)
			return &body[Wishes]{Wishes(s)}, err
		})
	add(a, huma.Operation{OperationID: "put-push-settings", Method: http.MethodPut, Path: wishes, Summary: "Changes what the person who asks wants to hear, on all devices"},
		func(_ context.Context, p access.Principal, in *body[Wishes]) (*body[Wishes], error) {
			if err := person(p); err != nil {
				return nil, err
			}
			return &body[Wishes]{in.Body}, n.Set(p.Org, p.User, notify.Settings(in.Body))
		})
}
