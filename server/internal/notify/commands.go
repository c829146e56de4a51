package notify

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"time"

	"fieldsync/crdt"
)

// The operator's commands.
const (
	CommandDevices = "push.devices" // CommandInput -> []DeviceInfo
	CommandLog     = "push.log"     // CommandInput -> []Entry
	CommandTest    = "push.test"    // CommandInput -> Entry
	CommandRotate  = "push.rotate"  // CommandInput -> KeyInfo
)

// CommandInput is what the commands take.
type CommandInput struct {
	Org    string `json:"org"`
	User   string `json:"user,omitempty"`   // empty: everybody
	Device string `json:"device,omitempty"` // of a test
	Limit  int    `json:"limit,omitempty"`  // of the log
}

// DeviceInfo is a subscription as the operator sees it: without where it leads.
type DeviceInfo struct {
	User    string    `json:"user"`
	Device  string    `json:"device"`
	Service string    `json:"service"`
	Silent  bool      `json:"silent,omitempty"`
	Updated time.Time `json:"updated_at"`
}

// KeyInfo is the public key of now.
type KeyInfo struct {
	Key string `json:"key"` // base64url
}

// maxLog bounds the entries that are given at once.
const maxLog = 500

// Commands are the operator's commands, by name. org gives an organisation's id, without a name the only one's.
func (n *Notifier) Commands(org func(name string) (string, error)) map[string]func(context.Context, json.RawMessage) (any, error) {
	on := func(do func(context.Context, CommandInput) (any, error)) func(context.Context, json.RawMessage) (any, error) {
		return func(ctx context.Context, raw json.RawMessage) (any, error) {
			var in CommandInput
			err := json.Unmarshal(raw, &in)
			if err != nil {
				return nil, crdt.Errorf(crdt.KindInvalid, "push: the command's input is not as expected")
			}
			if in.Org, err = org(in.Org); err != nil {
				return nil, err
			}
			return do(ctx, in)
		}
	}
	return map[string]func(context.Context, json.RawMessage) (any, error){
		CommandDevices: on(func(_ context.Context, in CommandInput) (any, error) {
			out := []DeviceInfo{}
			for _, s := range n.List(in.Org, in.User) {
				out = append(out, DeviceInfo{s.User, s.Device, s.Service, s.Silent, timeOf(s.UpdatedAt)})
			}
			return out, nil
		}),
		CommandLog: on(func(_ context.Context, in CommandInput) (any, error) {
			return n.Entries(in.Org, LogQuery{User: in.User, Limit: min(max(in.Limit, 1), maxLog)})
		}),
		CommandTest: on(func(ctx context.Context, in CommandInput) (any, error) { return n.Test(ctx, in.Org, in.Device) }),
		CommandRotate: func(context.Context, json.RawMessage) (any, error) {
			err := n.RotateKey()
			return KeyInfo{base64.RawURLEncoding.EncodeToString(n.PublicKey())}, err
		},
	}
}
