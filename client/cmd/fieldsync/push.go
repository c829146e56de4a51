package main

import (
	"errors"

	"fieldsync/client"
	"fieldsync/crdt"
)

type pushCmd struct {
	Register pushRegisterCmd `cmd:"" help:"Say where the server reaches this device: the address of a UnifiedPush or Web Push endpoint."`
	Status   pushStatusCmd   `cmd:"" default:"1" help:"How it stands (what \"fieldsync push\" alone says)."`
	Remove   pushRemoveCmd   `cmd:"" help:"End it."`
	Received pushReceivedCmd `cmd:"" help:"A push came: sync now, the job that it is about first. What receives pushes runs this."`
}

type pushRegisterCmd struct {
	Endpoint string `arg:"" help:"The address that the push service gave."`
	P256dh   string `name:"p256dh" help:"The key that messages are encrypted with, with --auth; without both they are empty, and say only \"sync now\"." placeholder:"KEY"`
	Auth     string `help:"The secret that belongs to it." placeholder:"SECRET"`
}

// Run registers the endpoint.
func (cmd *pushRegisterCmd) Run(a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	err = c.RegisterPush(a.ctx, client.PushTarget{Service: client.PushWeb, Endpoint: cmd.Endpoint, P256dh: cmd.P256dh, Auth: cmd.Auth, Silent: true})
	if err != nil && !errors.Is(err, client.ErrOffline) {
		return err
	}
	return a.tellPush(c)
}

type pushStatusCmd struct{}

// Run says how it stands.
func (pushStatusCmd) Run(a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	return a.tellPush(c)
}

func (a *app) tellPush(c *client.Client) error {
	p, err := c.Push()
	if err != nil {
		return err
	}
	if done, err := a.print(map[string]any{"push": p.Target, "told_at": jsonTime(p.Told), "failed": p.Failed}); done {
		return err
	}
	switch {
	case p.Target == nil:
		a.out.line("The server tells this device nothing by push.")
	case p.Failed != "":
		a.out.line("The server does not take %s: %s", clean(p.Target.Endpoint+p.Target.Token), p.Failed)
	case p.Told.IsZero():
		a.out.line("The server is going to be told of %s when it is reached.", clean(p.Target.Endpoint+p.Target.Token))
	default:
		a.out.line("The server tells %s when something changes; it was told so %s.", clean(p.Target.Endpoint+p.Target.Token), a.out.ago(p.Told))
	}
	return nil
}

type pushRemoveCmd struct{}

// Run ends it.
func (pushRemoveCmd) Run(a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	err = c.UnregisterPush(a.ctx)
	later := errors.Is(err, client.ErrOffline)
	if err != nil && !later {
		return err
	}
	if done, perr := a.print(map[string]any{"told": !later}); done {
		return perr
	}
	if later {
		a.out.line("The server is going to be told when it is reached.")
		return nil
	}
	a.out.line("The server tells this device nothing by push any more.")
	return nil
}

type pushReceivedCmd struct {
	syncCmd
	Job string `arg:"" optional:"" help:"The id of the job, where the push says it."`
}

// Run syncs, the job first.
func (cmd *pushReceivedCmd) Run(a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	var id crdt.DocID
	if cmd.Job != "" {
		if id, err = crdt.ParseDocID(cmd.Job); err != nil {
			return crdt.Errorf(crdt.KindInvalid, "%q is no job's id", clean(cmd.Job))
		}
	}
	c.PushReceived(id)
	return cmd.syncCmd.Run(a)
}
