package accounts

import (
	"context"
	"net/http"
	"time"

	"fieldsync/server/internal/access"
	"fieldsync/server/internal/api"
	"fieldsync/server/internal/auth"
)

// Device is a phone, a program or a browser where a user is signed in.
type Device struct {
	ID       string     `json:"id" doc:"As it stands in a job's status log"`
	User     string     `json:"user"`
	Kind     string     `json:"kind" enum:"token,session" doc:"A native client's token, or a browser's session"`
	Label    string     `json:"label" doc:"What a person calls it"`
	Created  *time.Time `json:"created_at,omitempty"`
	LastSeen *time.Time `json:"last_seen_at,omitempty" doc:"To a quarter of an hour; left out while it is not known"`
	Expires  *time.Time `json:"expires_at,omitempty" doc:"Left out: never"`
	Current  bool       `json:"current,omitempty" doc:"The one that asks"`
	Report   *Report    `json:"report,omitempty" doc:"What it last said of itself; left out: nothing yet"`
}

// Report is what a device said of itself. Nothing is decided by it.
type Report struct {
	At      time.Time  `json:"at" doc:"When it said so, by the server's clock"`
	Synced  *time.Time `json:"synced_at,omitempty" doc:"When it was last in step with the server; left out: never"`
	Link    string     `json:"link" enum:"slow,fast" doc:"slow: 2G, or measured to be like it; files wait"`
	Metered bool       `json:"metered,omitempty" doc:"The platform says that bytes cost money"`
	Unsent  Unsent     `json:"unsent"`
}

// Unsent is what a device has that the server has not, as its user counts it.
type Unsent struct {
	Changes int   `json:"changes" minimum:"0" maximum:"1000000" doc:"What was done to jobs, without the files"`
	Files   int   `json:"files" minimum:"0" maximum:"1000000"`
	Bytes   int64 `json:"bytes" minimum:"0" maximum:"9007199254740991" doc:"Of the files, that are left to send"`
}

// ReportNew is what a device says of itself.
type ReportNew struct {
	Link      string `json:"link" enum:"slow,fast" doc:"How good its way to the server is"`
	Metered   bool   `json:"metered,omitempty" doc:"The platform says that bytes cost money"`
	Unsent    Unsent `json:"unsent"`
	SinceSync *int64 `json:"since_sync,omitempty" minimum:"0" maximum:"315360000" doc:"Seconds since it was last in step with the server; left out: it never was"`
}

// DeviceList is a page of devices.
type DeviceList struct {
	Devices []Device `json:"devices"`
	Next    string   `json:"next,omitempty" doc:"The cursor of the next page; left out at the end"`
}

// DevicePatch is what to change.
type DevicePatch struct {
	Label string `json:"label" maxLength:"200"`
}

// OfDevice names a user's device in the path.
type OfDevice struct {
	OfUser
	Device string `path:"device" maxLength:"63" doc:"The device's id"`
}

func device(by access.Principal, d auth.Device) Device {
	kind := "token"
	if d.Session {
		kind = "session"
	}
	return Device{ID: d.ID, User: d.User, Kind: kind, Label: d.Label, Created: at(d.Created), LastSeen: at(d.Seen), Expires: at(d.Expires),
		Current: by.User == d.User && by.Credential == d.Credential, Report: report(d.Report)}
}

func report(r *auth.DeviceReport) *Report {
	if r == nil {
		return nil
	}
	return &Report{At: *at(r.At), Synced: at(r.Synced), Link: r.Link, Metered: r.Metered, Unsent: Unsent(r.Unsent)}
}

func (h Handlers) registerDevices(a *api.API) {
	const tag = "devices"
	const ones, one = "users/{user}/devices", "users/{user}/devices/{device}"
	add(a, operation("report-device", http.MethodPut, "me/device/report", "Says how far the device that asks is: its link, what it has not sent, when it was last in step. Once after each sync, and when that changes", tag),
		func(_ context.Context, by access.Principal, in *struct{ Body ReportNew }) (*none, error) {
			r, since := in.Body, time.Duration(-1)
			if r.SinceSync != nil {
				since = time.Duration(*r.SinceSync) * time.Second
			}
			return nil, h.Auth.Report(by, auth.DeviceReport{Link: r.Link, Metered: r.Metered, Unsent: auth.DeviceUnsent(r.Unsent)}, since)
		})
	add(a, operation("list-devices", http.MethodGet, "devices", "The devices of everybody, user by user: owners, administrators and dispatchers. A page may hold more than its limit, or none", tag),
		func(_ context.Context, by access.Principal, in *struct{ Page }) (*body[DeviceList], error) {
			return h.listDevices(by, "", in.Page)
		})
	add(a, operation("list-user-devices", http.MethodGet, ones, "A user's devices: one's own; those of others for owners, administrators and dispatchers", tag),
		func(_ context.Context, by access.Principal, in *OfUser) (*body[DeviceList], error) {
			return h.listDevices(by, in.User, Page{})
		})
	add(a, operation("end-user-devices", http.MethodDelete, ones, "Ends all of a user's devices, at once: one's own; those of others for owners and administrators", tag),
		func(_ context.Context, by access.Principal, in *OfUser) (*none, error) {
			return nil, h.Auth.RevokeAll(by, in.User)
		})
	add(a, operation("patch-device", http.MethodPatch, one, "Renames a device: one's own; those of others for owners and administrators", tag),
		func(_ context.Context, by access.Principal, in *struct {
			OfDevice
			Body DevicePatch
		}) (*body[Device], error) {
			d, err := h.Auth.RenameDevice(by, in.User, in.Device, in.Body.Label)
			if err != nil {
				return nil, err
			}
			return &body[Device]{device(by, d)}, nil
		})
	add(a, operation("end-device", http.MethodDelete, one, "Ends a device, at once, and its open connections: one's own; those of others for owners and administrators", tag),
		func(_ context.Context, by access.Principal, in *OfDevice) (*none, error) {
			return nil, h.Auth.RevokeDevice(by, in.User, in.Device)
		})
}

func (h Handlers) listDevices(by access.Principal, user string, page Page) (*body[DeviceList], error) {
	devices, next, err := h.Auth.Devices(by, user, page.Cursor, page.Limit)
	if err != nil {
		return nil, err
	}
	out := &body[DeviceList]{DeviceList{Devices: []Device{}, Next: next}}
	for _, d := range devices {
		out.Body.Devices = append(out.Body.Devices, device(by, d))
	}
	return out, nil
}
