package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"fieldsync/client"
	"fieldsync/conformance/internal/sut"
	"fieldsync/crdt"
)

// prepare starts a server, makes a worker for each phone and jobs for each crew, and has each phone get them.
func (h *herd) prepare(ctx context.Context) (err error) {
	if h.bin, err = sut.BuildFieldsyncd(ctx, h.dir); err != nil {
		return err
	}
	data := filepath.Join(h.dir, "server")
	if h.server, err = sut.Fieldsyncd(h.bin, data); err != nil {
		return err
	}
	if err := h.server.Start(ctx); err != nil {
		return err
	}
	if h.line, err = newHerdLine(h.server.Addr); err != nil {
		return err
	}
	h.cfg.log("herd: %d phones of %d jobs", h.cfg.herdPhones, h.cfg.herdJobs)
	h.phones = make([]*herdPhone, h.cfg.herdPhones)
	users, tokens, err := h.makeUsers(ctx, data)
	if err != nil {
		return err
	}
	h.cfg.log("herd: the users are made")
	err = h.each(herdSetup, func(i int) error {
		if i%herdCrew != 0 {
			return nil
		}
		crew := users[i:min(i+herdCrew, len(users))]
		jobs, err := h.makeJobs(ctx, h.cfg.herdJobs, crew)
		for n := range crew {
			h.phones[i+n] = newHerdPhone(jobs)
		}
		return err
	})
	if err != nil {
		return err
	}
	h.cfg.log("herd: the jobs are made")
	err = h.each(herdSetup, func(i int) error {
		return h.open(ctx, h.phones[i], h.line.addr, tokens[i], fmt.Sprint("phone-", i))
	})
	if err != nil {
		return err
	}
	h.cfg.log("herd: the phones have them")
	jobs, err := h.makeJobs(ctx, 1, []string{"anna"})
	if err != nil {
		return err
	}
	h.writer, h.reader = newHerdPhone(jobs), newHerdPhone(jobs)
	err = errors.Join(h.open(ctx, h.reader, h.server.Addr, sut.WorkerAnna, "reader"), h.open(ctx, h.writer, h.server.Addr, sut.WorkerAnna, "writer"))
	if err == nil && len(h.cfg.herdServer) > 0 {
		h.server.Kill()
		h.server.Args = append(h.server.Args, h.cfg.herdServer...)
		err = h.server.Start(ctx)
	}
	return err
}

func newHerdPhone(jobs []crdt.DocID) *herdPhone {
	return &herdPhone{jobs: jobs, wake: make(chan struct{}, 1)}
}

// makeUsers makes a worker for each phone, and gives their ids and tokens.
func (h *herd) makeUsers(ctx context.Context, data string) (users, tokens []string, err error) {
	add := exec.CommandContext(ctx, h.bin, "user", "add", "herd-owner", "--role", "owner", "--org", "demo", "--data", data)
	add.Stdin = strings.NewReader(herdPassword + "\n")
	if said, err := add.CombinedOutput(); err != nil {
		return nil, nil, fmt.Errorf("making an owner: %w\n%s", err, said)
	}
	signIn := func(login string) (string, error) {
		var device struct{ Token string }
		err := h.ask(ctx, "", http.MethodPost, "tokens", map[string]any{"login": login, "password": herdPassword}, &device)
		return device.Token, err
	}
	owner, err := signIn("herd-owner")
	if err != nil {
		return nil, nil, err
	}
	users, tokens = make([]string, len(h.phones)), make([]string, len(h.phones))
	err = h.each(herdSetup, func(i int) (err error) {
		login := fmt.Sprint("herd-", i)
		var user struct{ ID string }
		if err := h.ask(ctx, owner, http.MethodPost, "users", map[string]any{"login": login, "name": login, "role": "worker", "password": herdPassword}, &user); err != nil {
			return err
		}
		users[i] = user.ID
		tokens[i], err = signIn(login)
		return err
	})
	return users, tokens, err
}

// makeJobs makes jobs for a crew.
func (h *herd) makeJobs(ctx context.Context, n int, crew []string) ([]crdt.DocID, error) {
	assignees := make([]any, len(crew))
	for i, user := range crew {
		assignees[i] = map[string]any{"user": user, "edit": i == 0}
	}
	jobs := make([]crdt.DocID, n)
	for i := range jobs {
		var made struct{ ID string }
		err := h.ask(ctx, sut.Dispatcher, http.MethodPost, "jobs", map[string]any{"title": fmt.Sprint("Boiler ", i), "description": strings.Repeat("No hot water since yesterday evening. ", 5),
			"assignees": assignees, "status": "published", "checklist": []any{map[string]any{"text": "Gas off"}, map[string]any{"text": "Water off"}}}, &made)
		if err == nil {
			jobs[i], err = crdt.ParseDocID(made.ID)
		}
		if err != nil {
			return nil, err
		}
	}
	return jobs, nil
}

// open makes a phone's folder, and has it get its jobs.
func (h *herd) open(ctx context.Context, p *herdPhone, server, token, name string) (err error) {
	dir := filepath.Join(h.phoneDir(), name)
	if p.c, err = client.Open(client.Options{Dir: dir, Log: slog.New(attempts{p})}); err != nil {
		return err
	}
	// Each folder keeps some megabytes of its disk free by a file of that size. All of them are on one disk here: the files get holes.
	reserves, err := filepath.Glob(filepath.Join(dir, "*", "RESERVE"))
	if err != nil {
		return err
	}
	for _, file := range reserves {
		info, err := os.Stat(file)
		if err == nil {
			err = os.Truncate(file, 0)
		}
		if err == nil {
			err = os.Truncate(file, info.Size())
		}
		if err != nil {
			return err
		}
	}
	if _, err = p.c.Login(ctx, "http://"+server, token); err != nil {
		return err
	}
	_, err = p.c.Sync(ctx)
	return err
}

// phoneDir is where the phones' folders are: not on the server's disk, if that can be helped, as phones have disks of their own.
func (h *herd) phoneDir() string {
	const memory = "/dev/shm"
	if _, err := os.Stat(memory); err == nil {
		return filepath.Join(memory, filepath.Base(h.dir))
	}
	return filepath.Join(h.dir, "phones")
}

// ask makes a request of the server, past the line that is cut.
func (h *herd) ask(ctx context.Context, token, method, path string, body map[string]any, into any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://"+h.server.Addr+"/api/v1/"+path, bytes.NewReader(data))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if method == http.MethodPatch {
		req.Header.Set("Content-Type", "application/merge-patch+json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s: %s: %s", method, path, res.Status, answer)
	}
	if err == nil && into != nil {
		err = json.Unmarshal(answer, into)
	}
	return err
}
