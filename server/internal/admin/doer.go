package admin

import (
	"context"
	"encoding/json"

	"fieldsync/crdt"
	"fieldsync/server/internal/auth"
	"fieldsync/server/internal/index"
)

// Doer does commands.
type Doer interface {
	// Do does the command of a name. Errors are of crdt's kinds and fit to be shown to the operator.
	Do(ctx context.Context, name string, in json.RawMessage) (json.RawMessage, error)
}

// Call does a command with Go values.
func Call[O any](ctx context.Context, d Doer, name string, in any) (O, error) {
	var out O
	raw, err := json.Marshal(in)
	if err != nil {
		return out, crdt.Errorf(crdt.KindInternal, "admin: %w", err)
	}
	answer, err := d.Do(ctx, name, raw)
	if err != nil {
		return out, err
	}
	if err := json.Unmarshal(answer, &out); err != nil {
		return out, crdt.Errorf(crdt.KindInternal, "admin: an answer that is none of ours: %w", err)
	}
	return out, nil
}

// Local does commands in this process.
type Local struct {
	Auth *auth.Auth
	// Index gives the index of documents when a command needs it. Nil: there is none.
	Index func() (*index.Index, error)
	// Others are the commands of other parts of the server, by name.
	Others map[string]func(ctx context.Context, in json.RawMessage) (any, error)
}

var _ Doer = Local{}

// Do implements Doer.
func (l Local) Do(ctx context.Context, name string, in json.RawMessage) (json.RawMessage, error) {
	do, ok := commands()[name]
	if work, of := indexCommands()[name]; of && l.Index != nil {
		do, ok = func(_ context.Context, _ *auth.Auth, in json.RawMessage) (any, error) {
			return onIndex(l.Index, work, in)
		}, true
	}
	if other, of := l.Others[name]; of {
		do, ok = func(ctx context.Context, _ *auth.Auth, in json.RawMessage) (any, error) { return other(ctx, in) }, true
	}
	if !ok {
		return nil, crdt.Errorf(crdt.KindUnsupported, "the server does not know the command %q: it is of another version", name)
	}
	out, err := do(ctx, l.Auth, in)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(out)
	if err != nil {
		return nil, crdt.Errorf(crdt.KindInternal, "admin: %w", err)
	}
	return raw, nil
}

type command func(context.Context, *auth.Auth, json.RawMessage) (any, error)

// on makes a command of a function of typed input.
func on[I, O any](do func(context.Context, *auth.Auth, I) (O, error)) command {
	return func(ctx context.Context, a *auth.Auth, raw json.RawMessage) (any, error) {
		var in I
		if err := json.Unmarshal(raw, &in); err != nil {
			return nil, crdt.Errorf(crdt.KindInvalid, "admin: the command's input is not as expected")
		}
		return do(ctx, a, in)
	}
}

// commands are all commands by name.
func commands() map[string]command {
	return map[string]command{
		"org.add": on(addOrg), "org.list": on(listOrgs), "org.set": on(setOrg), "org.log": on(readLog),
		"user.add": on(addUser), "user.list": on(listUsers), "user.set": on(setUser), "user.password": on(setPassword), "user.unlock": on(unlock), "user.unlink": on(unlink),
		"team.add": on(addTeam), "team.list": on(listTeams), "team.set": on(setTeam), "team.remove": on(removeTeam),
		"device.list": on(listDevices), "device.revoke": on(revokeDevice),
		"apikey.add": on(addKey), "apikey.list": on(listKeys), "apikey.revoke": on(revokeKey),
	}
}

// None is the output of a command that says nothing.
type None struct{}
