package main

import (
	"context"
	"strconv"
	"time"

	"fieldsync/crdt"
	"fieldsync/server/internal/notify"
)

// pushCmd is fieldsyncd push.
type pushCmd struct {
	Devices pushDevicesCmd `cmd:"" help:"List the devices that are told of changes."`
	Log     pushLogCmd     `cmd:"" help:"Show what was sent to devices, and what became of it, the newest first."`
	Test    pushTestCmd    `cmd:"" help:"Send a device a notice now; exit code 1 where its push service does not take it. The server must run."`
	Rotate  pushRotateCmd  `cmd:"" help:"Make a new key for Web Push. Devices that are subscribed keep the old one until they subscribe anew."`
}

type pushDevicesCmd struct {
	inOrg
	User string `env:"-" help:"Only a user's, by id." placeholder:"USER"`
}

// Run lists devices.
func (c *pushDevicesCmd) Run(ctx context.Context, out streams) error {
	all, err := call[[]notify.DeviceInfo](ctx, c.folder, notify.CommandDevices, notify.CommandInput{Org: c.Org, User: c.User})
	if err != nil {
		return err
	}
	var rows [][]string
	for _, d := range all {
		rows = append(rows, []string{d.User, d.Device, d.Service, yes(d.Silent), when(d.Updated)})
	}
	return answer(out, c.folder, all, table("USER DEVICE SERVICE SILENT SINCE", rows, "no device is told of changes: people turn that on in the app, under Notifications"))
}

type pushLogCmd struct {
	inOrg
	User  string `env:"-" help:"Only a user's, by id." placeholder:"USER"`
	Limit int    `env:"-" default:"100" help:"How many lines at most; up to 500."`
}

// Run shows the log.
func (c *pushLogCmd) Run(ctx context.Context, out streams) error {
	all, err := call[[]notify.Entry](ctx, c.folder, notify.CommandLog, notify.CommandInput{Org: c.Org, User: c.User, Limit: c.Limit})
	if err != nil {
		return err
	}
	var rows [][]string
	for _, e := range all {
		rows = append(rows, []string{when(time.UnixMilli(int64(e.At))), e.User, e.Device, e.Service, string(e.Kind), e.Result, number(e.Attempt), number(e.Status), e.Job, e.Reason})
	}
	return answer(out, c.folder, all, table("WHEN USER DEVICE SERVICE KIND RESULT TRY STATUS JOB WHY", rows, "nothing yet"))
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

type pushTestCmd struct {
	inOrg
	Device string `arg:"" help:"The device's id, as push devices shows it."`
}

// Run sends a notice.
func (c *pushTestCmd) Run(ctx context.Context, out streams) error {
	e, err := call[notify.Entry](ctx, c.folder, notify.CommandTest, notify.CommandInput{Org: c.Org, Device: c.Device})
	if err != nil {
		return err
	}
	if e.Result != "sent" {
		if err := answer(out, c.folder, e, say("%s: %s %s", e.Result, number(e.Status), e.Reason)); err != nil {
			return err
		}
		return crdt.Errorf(crdt.KindUnavailable, "the push service did not take the notice")
	}
	return answer(out, c.folder, e, say("the push service of %s has taken the notice", e.Device))
}

type pushRotateCmd struct{ folder }

// Run makes a new key.
func (c *pushRotateCmd) Run(ctx context.Context, out streams) error {
	k, err := call[notify.KeyInfo](ctx, c.folder, notify.CommandRotate, struct{}{})
	if err != nil {
		return err
	}
	return answer(out, c.folder, k, say("devices subscribe with %s from now on", k.Key))
}
