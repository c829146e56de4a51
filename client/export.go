package client

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"fieldsync/blobs"
	"fieldsync/crdt"
	"fieldsync/crdt/drive"
	"fieldsync/crdt/history"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store"
)

// Unsent work in a file: a zip with work.json, in which all changes stand as what they did and as bytes, and the files by their SHA-256. It
// is for a folder that is to be wiped and cannot reach its server any more: Import delivers it by another folder of the same person,
// and who has no such program can read it.

const (
	exportName   = "work.json"
	exportFormat = 1
	// maxExport bounds work.json when it is read, in bytes: as much as a document and the refused work may have.
	maxExport = 256 << 20
)

// exported is what work.json holds.
type exported struct {
	Format  int           `json:"format"`
	At      time.Time     `json:"exported_at"`
	Owner   Identity      `json:"owner"`
	Jobs    []exportedJob `json:"jobs"`
	Refused []exportedRef `json:"refused"`
	Files   []exportedRef `json:"files"`
}

// exportedJob is what the server has not got of a document.
type exportedJob struct {
	ID      string     `json:"id"`
	Job     string     `json:"job"` // what it is called
	Changes [][]byte   `json:"changes"`
	Along   [][]byte   `json:"along"` // changes of others that these build on and that the server may not have either
	Did     []Did      `json:"did"`
	Made    *time.Time `json:"made_since"`
}

// exportedRef is an entry of a book, under its document and its change or file.
type exportedRef struct {
	Doc   string          `json:"job"`
	ID    string          `json:"id"` // of the change, or the SHA-256 of the file
	Entry json.RawMessage `json:"entry"`
}

// ErrUnsentWork says that work here has not reached the server, and was not exported either, or that more was done since.
var ErrUnsentWork = crdt.Errorf(crdt.KindConflict, "there is work here that has not reached the server")

// Export writes all that has not reached the server, and what it refused, to a file. When it returns the file is durable, and Wipe takes
// that work for safe. The file holds it in the clear: whoever has it can read it. The file must not exist.
func (c *Client) Export(ctx context.Context, path string) (err error) {
	x, refs, err := c.exportable(ctx)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return asFull(crdt.Errorf(crdt.KindInvalid, "%w", err))
	}
	err = c.writeExport(ctx, f, x, refs)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return asFull(errors.Join(err, os.Remove(path)))
	}
	return asFull(store.Write(c.store, []store.Op{{Key: store.Local(bookFact, []byte(factExported)), Value: x.digest()}}))
}

func (c *Client) writeExport(ctx context.Context, to io.Writer, x *exported, refs []blobs.Ref) error {
	z := zip.NewWriter(to)
	w, err := z.Create(exportName)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	if err := enc.Encode(x); err != nil {
		return err
	}
	for _, ref := range refs {
		w, err := z.CreateHeader(&zip.FileHeader{Name: "files/" + ref.String(), Method: zip.Store})
		if err != nil {
			return err
		}
		if _, err := blobs.Copy(ctx, w, c.files, space, ref); err != nil {
			return err
		}
	}
	return z.Close()
}

// digest names what is in an export: the same for the same work.
func (x *exported) digest() []byte {
	var all []string
	for _, j := range x.Jobs {
		for _, raw := range j.Changes {
			sum := sha256.Sum256(raw)
			all = append(all, j.ID+hex.EncodeToString(sum[:]))
		}
	}
	for _, r := range x.Refused {
		all = append(all, r.Doc+r.ID)
	}
	for _, f := range x.Files {
		all = append(all, f.Doc+f.ID)
	}
	slices.Sort(all)
	sum := sha256.New()
	for _, s := range all {
		fmt.Fprintln(sum, s)
	}
	return sum.Sum(nil)
}

// exportable gathers what has not reached the server, and the files of it.
func (c *Client) exportable(ctx context.Context) (*exported, []blobs.Ref, error) {
	u, err := c.Unsent(ctx)
	if err != nil {
		return nil, nil, err
	}
	c.mu.Lock()
	x := &exported{Format: exportFormat, At: time.Now(), Owner: c.account.Identity, Jobs: []exportedJob{}, Refused: []exportedRef{}, Files: []exportedRef{}}
	c.mu.Unlock()
	for _, d := range u.Jobs {
		j, err := c.exportJob(ctx, d)
		if err != nil {
			return nil, nil, err
		}
		x.Jobs = append(x.Jobs, j)
	}
	seen := map[blobs.Ref]bool{}
	var refs []blobs.Ref
	add := func(ref blobs.Ref) {
		if _, err := c.files.Stat(ctx, space, ref); err == nil && !seen[ref] {
			seen[ref] = true
			refs = append(refs, ref)
		}
	}
	if err := c.works(nil, func(doc crdt.DocID, change crdt.Hash, _ int, e *workEntry) error {
		entry, err := json.Marshal(e)
		x.Refused = append(x.Refused, exportedRef{doc.String(), change.String(), entry})
		for _, f := range e.Files {
			if ref, err := blobs.ParseRef(f.SHA256); err == nil {
				add(ref)
			}
		}
		return err
	}); err != nil {
		return nil, nil, err
	}
	files, err := c.outbox()
	if err != nil {
		return nil, nil, err
	}
	for _, f := range files {
		q := f.queued
		q.Upload, q.Sent = "", 0 // that is between this device and the server
		entry, err := json.Marshal(q)
		if err != nil {
			return nil, nil, err
		}
		x.Files = append(x.Files, exportedRef{f.doc.String(), f.ref.String(), entry})
		add(f.ref)
	}
	return x, refs, nil
}

func (c *Client) exportJob(ctx context.Context, d UnsentDoc) (exportedJob, error) {
	j := exportedJob{ID: d.ID.String(), Did: d.Did, Changes: [][]byte{}, Along: [][]byte{}, Made: &d.Since}
	row := c.labelOf(d.ID)
	j.Job = strings.TrimSpace(row.SerialNo + " " + row.Label)
	server, err := c.fact(factServer)
	if err != nil {
		return j, err
	}
	known, err := c.knownHashes(d.ID, crdt.StorageID(server))
	if err != nil {
		return j, err
	}
	err = c.inspect(ctx, d.ID, func(doc *replica.Document) error {
		h, _, err := doc.View()
		if err != nil {
			return err
		}
		for _, i := range h.Since(known) {
			raw := slices.Clone(h.Raw(i))
			if h.Author(i) == self {
				j.Changes = append(j.Changes, raw)
			} else {
				j.Along = append(j.Along, raw)
			}
		}
		return nil
	})
	return j, err
}

// Imported tells what an Import brought.
type Imported struct {
	Changes int
	Files   int
	Refused int
}

// Import takes the work of an export into this folder, from where it goes to the server as any work does. It must be the same person's:
// ErrOtherAccount. Jobs that are not here are got from the server first: ErrOffline, ErrNotFound. Importing twice is harmless.
func (c *Client) Import(ctx context.Context, path string) (Imported, error) {
	var out Imported
	a, _, err := c.signedIn()
	if err != nil {
		return out, err
	}
	z, err := zip.OpenReader(path)
	if err != nil {
		return out, crdt.Errorf(crdt.KindInvalid, "%s: %w", path, err)
	}
	defer z.Close()
	x, err := readExport(&z.Reader)
	if err != nil {
		return out, err
	}
	if x.Owner.Org != a.Org || x.Owner.User != a.User {
		return out, because(ErrOtherAccount, fmt.Errorf("the work is that of %s", x.Owner.User))
	}
	c.keeping.RLock()
	defer c.keeping.RUnlock()
	docs := make([]crdt.DocID, len(x.Jobs))
	for i, j := range x.Jobs {
		if docs[i], err = crdt.ParseDocID(j.ID); err != nil {
			return out, crdt.Errorf(crdt.KindInvalid, "%s: %w", exportName, err)
		}
	}
	if err := c.findEach(ctx, docs); err != nil {
		return out, err
	}
	if out.Files, err = c.importFiles(ctx, &z.Reader, x); err != nil {
		return out, err
	}
	for i, j := range x.Jobs {
		if err := c.importJob(ctx, docs[i], j); err != nil {
			return out, fmt.Errorf("the job %q: %w", j.Job, err)
		}
		out.Changes += len(j.Changes)
	}
	for _, r := range x.Refused {
		doc, err1 := crdt.ParseDocID(r.Doc)
		change, err2 := crdt.ParseHash(r.ID)
		var e workEntry
		if err := errors.Join(err1, err2, json.Unmarshal(r.Entry, &e)); err != nil {
			return out, crdt.Errorf(crdt.KindInvalid, "%s: %w", exportName, err)
		}
		if err := c.putWork(workKey(doc, change), &e); err != nil {
			return out, err
		}
		out.Refused++
	}
	signal(c.outboxChanged)
	return out, nil
}

func readExport(z *zip.Reader) (*exported, error) {
	f, err := z.Open(exportName)
	if err != nil {
		return nil, crdt.Errorf(crdt.KindInvalid, "this is no export: %w", err)
	}
	defer f.Close()
	var x exported
	if err := json.NewDecoder(io.LimitReader(f, maxExport)).Decode(&x); err != nil {
		return nil, crdt.Errorf(crdt.KindInvalid, "%s: %w", exportName, err)
	}
	if x.Format != exportFormat {
		return nil, crdt.Errorf(crdt.KindUnsupported, "the export has format %d, this version knows %d", x.Format, exportFormat)
	}
	return &x, nil
}

// importFiles brings the files, checked, and puts them into the outbox.
func (c *Client) importFiles(ctx context.Context, z *zip.Reader, x *exported) (int, error) {
	for _, f := range z.File {
		ref, err := blobs.ParseRef(filepath.Base(f.Name))
		if err != nil || f.UncompressedSize64 > blobs.MaxSize {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return 0, crdt.Errorf(crdt.KindInvalid, "%s: %w", f.Name, err)
		}
		_, err = blobs.Receive(ctx, c.files, space, ref, int64(f.UncompressedSize64), r)
		if err := errors.Join(err, r.Close()); err != nil {
			return 0, asFull(err)
		}
	}
	n := 0
	var entries []outboxEntry
	for _, r := range x.Files {
		doc, err1 := crdt.ParseDocID(r.Doc)
		ref, err2 := blobs.ParseRef(r.ID)
		e := outboxEntry{doc: doc, ref: ref}
		if err := errors.Join(err1, err2, json.Unmarshal(r.Entry, &e.queued)); err != nil {
			return 0, crdt.Errorf(crdt.KindInvalid, "%s: %w", exportName, err)
		}
		if _, err := c.files.Stat(ctx, space, ref); err == nil {
			entries = append(entries, e)
			n++
		}
	}
	_, err := c.enqueue(entries)
	return n, err
}

// findEach gets the documents that are not here from the server, on one connection; it is over before anything is brought in, which is
// sent by a sync and not by chance. One that is not found was made by what is imported.
func (c *Client) findEach(ctx context.Context, docs []crdt.DocID) error {
	var s *session
	for _, doc := range docs {
		_, err := drive.ReadRecord(c.store, doc)
		if errors.Is(err, store.ErrNotFound) {
			if s == nil {
				if s, err = c.acquire(ctx); err != nil {
					return err
				}
				defer c.release(ctx, s)
			}
			err = s.find(ctx, doc)
		}
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	return nil
}

// importJob brings the changes of a document.
func (c *Client) importJob(ctx context.Context, doc crdt.DocID, j exportedJob) error {
	defer c.lock(doc)()
	for _, part := range []struct {
		author history.Author
		raws   [][]byte
	}{{(server{}).Author(), j.Along}, {self, j.Changes}} {
		if len(part.raws) == 0 {
			continue
		}
		// They were judged when they were made; the server judges again.
		if err := c.appended(c.drive.Append(context.WithoutCancel(ctx), doc, replica.Append{Author: part.author, Raws: part.raws})); err != nil {
			return err
		}
	}
	c.drive.Subscribe(0, doc)
	c.askAbout(doc)
	return nil
}
