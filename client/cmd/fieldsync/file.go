package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"fieldsync/client"
	"fieldsync/crdt"
	"fieldsync/crdt/job"

	"github.com/dustin/go-humanize"
)

type attachCmd struct {
	ID    string `arg:"" name:"job" help:"The job."`
	File  string `arg:"" type:"existingfile" help:"The file."`
	Field string `help:"The report field that it answers." placeholder:"FIELD"`
}

// Run attaches a file.
func (cmd *attachCmd) Run(a *app) error {
	id, err := a.resolve(cmd.ID)
	if err != nil {
		return err
	}
	att, err := a.client.Attach(a.ctx, id, a.path(cmd.File), cmd.Field)
	if err != nil {
		return err
	}
	if done, err := a.print(map[string]any{"id": id.String(), "attachment": att.ID, "sha256": att.SHA256, "size": att.Size}); done {
		return err
	}
	return a.saved(id, fmt.Sprintf("Attached %s (%s, %s).", clean(att.Name), humanize.Bytes(uint64(att.Size)), att.MediaType))
}

type fetchCmd struct {
	ID     string `arg:"" name:"job" help:"The job."`
	File   string `arg:"" optional:"" name:"file" help:"One file, by its name or the beginning of its id; without it, all."`
	Output string `short:"o" help:"Where to save it: a folder, a file's name for a single one, or - for standard output." default:"." placeholder:"PATH"`
}

// Run saves files.
func (cmd *fetchCmd) Run(a *app) error {
	id, err := a.resolve(cmd.ID)
	if err != nil {
		return err
	}
	v, err := a.client.View(id)
	if err != nil {
		return err
	}
	var wanted []job.Attachment
	for _, att := range v.Job.Attachments {
		if cmd.File == "" || att.Name == cmd.File || strings.HasPrefix(att.ID, cmd.File) || len(cmd.File) >= 8 && strings.HasPrefix(att.SHA256, cmd.File) {
			wanted = append(wanted, att)
		}
	}
	switch {
	case len(wanted) == 0 && cmd.File != "":
		return fmt.Errorf("%w: the job has no file %q; \"fieldsync show %s\" lists them", client.ErrNotFound, cmd.File, cmd.ID)
	case len(wanted) > 1 && cmd.File != "":
		return crdt.Errorf(crdt.KindInvalid, "%q means %d files; give the id that \"fieldsync show\" prints", cmd.File, len(wanted))
	case len(wanted) == 0 && !a.json:
		a.out.line("The job has no files.")
		return nil
	}
	type saved struct {
		Attachment string `json:"attachment"`
		Name       string `json:"name"`
		SHA256     string `json:"sha256"`
		Size       int64  `json:"size"`
		Path       string `json:"path"`
	}
	list := []saved{}
	for _, att := range wanted {
		path, err := cmd.save(a, id, att, len(wanted))
		if errors.Is(err, client.ErrNotFound) {
			err = fmt.Errorf("%w: %s is not on the server yet; whoever took it has to sync first", client.ErrNotFound, clean(att.Name))
		}
		if err != nil {
			return err
		}
		list = append(list, saved{att.ID, att.Name, att.SHA256, att.Size, path})
		if !a.json && path != "-" {
			a.out.line("Saved %s (%s, SHA-256 verified).", path, humanize.Bytes(uint64(att.Size)))
		}
	}
	if cmd.Output == "-" {
		return nil
	}
	_, err = a.print(list)
	return err
}

// save writes one file and gives its path. It never writes over another file: who names files in a job is somebody else.
func (cmd *fetchCmd) save(a *app, id crdt.DocID, att job.Attachment, of int) (string, error) {
	if cmd.Output == "-" {
		return "-", a.client.Fetch(a.ctx, id, att.ID, a.out)
	}
	path := a.path(cmd.Output)
	if info, err := os.Stat(path); err == nil && info.IsDir() || of > 1 {
		path = filepath.Join(path, safeName(att))
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, os.ErrExist) {
		return "", crdt.Errorf(crdt.KindConflict, "%s is there already; say -o another/name, or remove it", path)
	}
	if err != nil {
		return "", err
	}
	err = a.client.Fetch(a.ctx, id, att.ID, f)
	err = errors.Join(err, f.Close())
	if err != nil {
		err = errors.Join(err, os.Remove(path))
	}
	return path, err
}

// safeName is an attachment's name as a file's name in one folder: it comes from somebody else's device.
func safeName(att job.Attachment) string {
	name := clean(filepath.Base(filepath.Clean("/" + strings.ReplaceAll(att.Name, "\\", "/"))))
	name = strings.TrimLeft(name, ".-/")
	if len(name) > 200 {
		name = strings.ToValidUTF8(name[len(name)-200:], "")
	}
	if name == "" {
		name = "file-" + att.SHA256[:min(8, len(att.SHA256))]
	}
	return name
}
