package admin

import (
	"encoding/json"

	"fieldsync/crdt"
	"fieldsync/server/internal/index"
)

// IndexTask is the input of index.start.
type IndexTask struct {
	Name string `json:"name"` // index.TaskRebuild or index.TaskCheck
}

// indexCommands are the commands about the index. A task runs on behind the command that starts it; index.task tells how far it is.
func indexCommands() map[string]func(*index.Index, IndexTask) (index.Task, error) {
	return map[string]func(*index.Index, IndexTask) (index.Task, error){
		"index.start": func(x *index.Index, in IndexTask) (index.Task, error) {
			err := x.Start(in.Name)
			return x.Task(), err
		},
		"index.task": func(x *index.Index, _ IndexTask) (index.Task, error) { return x.Task(), nil },
	}
}

func onIndex(open func() (*index.Index, error), do func(*index.Index, IndexTask) (index.Task, error), raw json.RawMessage) (any, error) {
	var in IndexTask
	if err := json.Unmarshal(raw, &in); err != nil {
		return nil, crdt.Errorf(crdt.KindInvalid, "admin: the command's input is not as expected")
	}
	x, err := open()
	if err != nil {
		return nil, err
	}
	return do(x, in)
}
