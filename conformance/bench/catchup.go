package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"fieldsync/conformance/internal/light"
	"fieldsync/conformance/internal/sut"
	"fieldsync/crdt"
)

// itemBytes is the length of a record of a comparison: 16 bytes of document id, 16 of its heads' digest.
const itemBytes = 32

// catchUpPass reconnects by fieldsync's extension with nothing changed: one frame each way says so, whatever the number of
// documents. The client holds everything that its user may read: the documents of the bench, and those of the demo, which
// it learns of beforehand on a connection that is not measured.
func catchUpPass(ctx context.Context, sys *sut.Process, histories []*light.History, ids []string, held int) (*passResult, error) {
	items, err := learnInventory(ctx, sys)
	if err != nil {
		return nil, err
	}
	if err := holdsAll(items, histories, ids, held); err != nil {
		return nil, err
	}
	conn, err := dialExtension(ctx, sys)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	before, err := cpuTime(sys.PID())
	if err != nil {
		return nil, err
	}
	start := time.Now()
	answer, err := compare(conn, uint64(len(items)/itemBytes), items)
	if err != nil {
		return nil, err
	}
	if !answer.Done || len(answer.Ranges) > 0 {
		return nil, errors.New("the server says that something has changed")
	}
	res := &passResult{took: time.Since(start), in: conn.Traffic.In.Load(), out: conn.Traffic.Out.Load()}
	after, err := cpuTime(sys.PID())
	res.cpu = after - before
	return res, err
}

func dialExtension(ctx context.Context, sys *sut.Process) (*light.Conn, error) {
	conn, err := light.Dial(ctx, sys.URL(sut.Dispatcher), "client-"+newDocID(), light.Options{Compress: true, Fieldsync: 1})
	if err == nil {
		conn.SetReadDeadline(time.Now().Add(quietLimit))
	}
	return conn, err
}

// compare sends one range over all documents and gives the answer.
func compare(conn *light.Conn, count uint64, items []byte) (*light.Frame, error) {
	sum := sha256.Sum256(items)
	err := conn.Send(&light.Frame{Type: "fieldsync-catch-up", SenderID: conn.PeerID, TargetID: conn.ServerID,
		Ranges: []light.Range{{From: []byte{}, To: []byte{}, Count: count, Digest: sum[:16]}}})
	if err != nil {
		return nil, err
	}
	for {
		f, err := conn.Read()
		if err != nil || f.Type == "fieldsync-catch-up" {
			return f, err
		}
	}
}

// learnInventory asks with empty hands, which is answered with everything there is.
func learnInventory(ctx context.Context, sys *sut.Process) ([]byte, error) {
	conn, err := dialExtension(ctx, sys)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	answer, err := compare(conn, 0, nil)
	if err != nil {
		return nil, err
	}
	var items []byte
	for _, r := range answer.Ranges {
		if r.Items == nil && r.Count > 0 {
			return nil, errors.New("the server does not tell its documents to one who has none")
		}
		items = append(items, r.Items...)
	}
	return items, nil
}

// holdsAll checks that the inventory is what the clients of the bench really hold, in order.
func holdsAll(items []byte, histories []*light.History, ids []string, held int) error {
	records := slices.Collect(slices.Chunk(items, itemBytes))
	if !slices.IsSortedFunc(records, bytes.Compare) {
		return errors.New("the server's inventory is not in order")
	}
	for i, id := range ids {
		doc, err := crdt.ParseDocID(id)
		if err != nil {
			return err
		}
		head := histories[i%len(histories)].Hashes[held-1]
		digest := sha256.Sum256(head[:])
		at, ok := slices.BinarySearchFunc(records, append(doc[:], digest[:16]...), bytes.Compare)
		if !ok {
			return fmt.Errorf("document %s is not in the server's inventory at %x (place %d of %d)", id, head, at, len(records))
		}
	}
	return nil
}
