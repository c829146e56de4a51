package jobs

import (
	"context"
	"net/http"

	"fieldsync/crdt/audit"
	"fieldsync/server/internal/api"

	"github.com/danielgtaylor/huma/v2"
)

// cached says that an operation may answer 304.
func cached(op huma.Operation) huma.Operation {
	op.Responses = map[string]*huma.Response{"304": {Description: "As the client has it"}}
	return op
}

// creating says that an operation makes something.
func creating(op huma.Operation) huma.Operation {
	op.DefaultStatus = http.StatusCreated
	return api.Keyed(op)
}

func (s *Service) registerJobs(a *api.API) {
	const tag = "jobs"
	form := formSchema(a, JobForm{}, true)
	fresh := formSchema(a, jobNewForm{}, false)
	huma.Register(a, newBody(creating(operation("create-job", http.MethodPost, "jobs", "Makes a job: empty, from a template, or as the follow-up of another", tag)), fresh), s.createJob)
	huma.Register(a, operation("list-jobs", http.MethodGet, "jobs", "Jobs: a list by the index, some hundred milliseconds behind the documents. A worker's are those that he may read", tag), s.listJobs)
	huma.Register(a, eventsOperation(a), s.events)
	huma.Register(a, cached(operation("get-job", http.MethodGet, "jobs/{id}", "A job, as it is or as it was at some heads", tag)), s.getJob)
	huma.Register(a, patchBody(operation("patch-job", http.MethodPatch, "jobs/{id}", "Changes a job by a JSON Merge Patch (RFC 7396)", tag), form), s.patchJob)
	huma.Register(a, api.Keyed(operation("set-job-status", http.MethodPost, "jobs/{id}/status",
		"Writes a status event, as a status button does. A job is never deleted: cancelled is a status", tag)), s.setStatus)
	huma.Register(a, api.Keyed(operation("undo-job-status", http.MethodPost, "jobs/{id}/status/{event}/undo",
		"Takes a status event back: writes a new one, of the status before", tag)), s.undoStatus)
	huma.Register(a, operation("assign-job", http.MethodPost, "jobs/{id}/assignees", "Assigns a user, or the people of a team", tag), s.assign)
	huma.Register(a, operation("unassign-job", http.MethodDelete, "jobs/{id}/assignees/{user}", "Takes a user off the job", tag), s.unassign)
	huma.Register(a, api.Keyed(operation("comment-job", http.MethodPost, "jobs/{id}/comments", "Adds a comment", tag)), s.comment)
	huma.Register(a, operation("edit-comment", http.MethodPatch, "jobs/{id}/comments/{comment}", "Corrects a comment", tag), s.editComment)
	huma.Register(a, operation("remove-comment", http.MethodDelete, "jobs/{id}/comments/{comment}", "Takes a comment away; the history keeps it", tag), s.removeComment)
	huma.Register(a, operation("fill-field", http.MethodPut, "jobs/{id}/fields/{field}", "Answers a custom or a report field", tag), s.fill)
	huma.Register(a, operation("tick-item", http.MethodPut, "jobs/{id}/checklist/{item}", "Ticks an item of the checklist, or takes the tick away", tag), s.tick)
	huma.Register(a, api.Keyed(operation("attach-file", http.MethodPost, "jobs/{id}/attachments", "Lets a job refer to a file", tag)), s.attach)
	huma.Register(a, operation("detach-file", http.MethodDelete, "jobs/{id}/attachments/{attachment}", "Takes a file off a job; the history keeps the reference", tag), s.detach)
	huma.Register(a, operation("get-history", http.MethodGet, "jobs/{id}/history", "What each change did, when it happened and when it arrived", tag), s.history)
	huma.Register(a, operation("get-event-history", http.MethodGet, "jobs/{id}/history/events", "The history in the form of the field's exports", tag), s.eventHistory)
	a.Raw(api.Unhurried(s.exportOperation()), http.HandlerFunc(s.export))
	huma.Register(a, operation("get-history-entry", http.MethodGet, "jobs/{id}/history/{change}", "What one change did", tag), s.historyEntry)
	huma.Register(a, operation("undo-change", http.MethodPost, "jobs/{id}/history/{change}/undo", "Takes back what one change did, and nothing else, by a new change", tag), s.undo)
	huma.Register(a, operation("get-job-at-status", http.MethodGet, "jobs/{id}/status/{event}/knew", "The job as whoever wrote a status event saw it: what the phone knew when Finish was pressed", tag), s.knew)
	huma.Register(a, operation("restore-job", http.MethodPost, "jobs/{id}/restore", "Writes the plan and the report as they were at some heads again, as a new change", tag), s.restore)
	huma.Register(a, operation("settle-clash", http.MethodPost, "jobs/{id}/clashes/settle", "Makes one of the values of a clash count alone", tag), s.settle)
}

// exportOperation describes the export, which is written as it is read.
func (s *Service) exportOperation() huma.Operation {
	op := operation("export-history", http.MethodGet, "jobs/{id}/history/export", "The whole history as JSON, the oldest change first", "jobs")
	op.Parameters = []*huma.Param{{Name: "id", In: "path", Required: true, Description: "The document's id", Schema: &huma.Schema{Type: huma.TypeString}}}
	op.Responses = map[string]*huma.Response{"200": {Description: "The history", Content: map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{
		Type: huma.TypeObject, Required: []string{"schema", "document", "heads", "changes", "entries"},
		Properties: map[string]*huma.Schema{
			"schema": {Type: huma.TypeString, Description: audit.ExportSchema}, "document": {Type: huma.TypeString}, "changes": {Type: huma.TypeInteger},
			"heads": {Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeString}}, "entries": {Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeObject}},
		},
	}}}}}
	return op
}

func (s *Service) registerTemplates(a *api.API) {
	register(s, a, templates, templateForm{}, "template", "Its plan is what a new job starts with")
}

func (s *Service) registerClients(a *api.API) {
	register(s, a, clients, ClientForm{}, "client", "Somebody whom jobs are done for")
}

func (s *Service) registerSites(a *api.API) {
	register(s, a, sites, siteForm{}, "site", "A place where jobs are done")
}

// register adds the operations over a kind of documents that is no job.
func register[T, L any](s *Service, a *api.API, k kindOf[T, L], form any, name, what string) {
	fresh, patch := formSchema(a, form, false, "name"), formSchema(a, form, true)
	huma.Register(a, newBody(creating(operation("create-"+name, http.MethodPost, k.path, "Makes a "+name, k.path)), fresh),
		func(ctx context.Context, in *CreateIn) (*DocOut[T], error) { return k.create(ctx, s, in) })
	huma.Register(a, operation("list-"+k.path, http.MethodGet, k.path, "The "+k.path+": a list by the index, some hundred milliseconds behind the documents", k.path),
		func(ctx context.Context, in *ListIn) (*body[L], error) { return k.list(ctx, s, in) })
	huma.Register(a, cached(operation("get-"+name, http.MethodGet, k.path+"/{id}", what, k.path)),
		func(ctx context.Context, in *GetIn) (*DocOut[T], error) { return k.answer(ctx, s, in) })
	huma.Register(a, patchBody(operation("patch-"+name, http.MethodPatch, k.path+"/{id}", "Changes a "+name+" by a JSON Merge Patch; archived: true takes it out of use", k.path), patch),
		func(ctx context.Context, in *PatchIn) (*DocOut[T], error) { return k.patch(ctx, s, in) })
}
