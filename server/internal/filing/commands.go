package filing

import (
	"context"
	"encoding/json"
	"time"

	"fieldsync/crdt"
)

// The operator's commands.
const (
	CommandCollect = "files.collect" // CollectInput -> Task
	CommandTask    = "files.task"    // nothing -> Task
)

// CollectInput is what CommandCollect takes.
type CollectInput struct {
	Dry   bool          `json:"dry"`
	Grace time.Duration `json:"grace"` // 0: the server's setting
}

// Commands are the operator's commands, by name. A collection goes on behind the command that began it.
func (k *Keeper) Commands() map[string]func(context.Context, json.RawMessage) (any, error) {
	return map[string]func(context.Context, json.RawMessage) (any, error){
		CommandCollect: func(ctx context.Context, raw json.RawMessage) (any, error) {
			var in CollectInput
			if err := json.Unmarshal(raw, &in); err != nil {
				return nil, crdt.Errorf(crdt.KindInvalid, "files: the command's input is not as expected")
			}
			err := k.Start(context.WithoutCancel(ctx), in.Dry, in.Grace)
			return k.Task(), err
		},
		CommandTask: func(context.Context, json.RawMessage) (any, error) { return k.Task(), nil },
	}
}
