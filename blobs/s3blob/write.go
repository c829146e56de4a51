package s3blob

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"

	"github.com/minio/minio-go/v7"

	"fieldsync/blobs"
)

// checksumHeader declares the SHA-256 that the server compares with the body and keeps with the object.
const checksumHeader = "x-amz-checksum-sha256"

// Store implements blobs.Receiver.
func (s *Store) Store(ctx context.Context, in *blobs.Incoming) (created bool, err error) {
	opts := minio.PutObjectOptions{
		ContentType:          "application/octet-stream",
		DisableMultipart:     true,
		DisableContentSha256: true, // no signature per piece: the whole payload's hash is signed instead
		UserMetadata:         map[string]string{checksumHeader: checksum(in.Ref())},
	}
	if !in.Replaces() {
		opts.SetMatchETagExcept("*")
	}
	if in.Size() == 0 { // minio-go does not read a body without bytes, but its end is where the check happens
		if _, err := io.Copy(io.Discard, in); err != nil {
			return false, err
		}
	}
	_, err = s.api.PutObject(ctx, s.bucket, in.Key(), &withheld{bufio.NewReaderSize(in, sendBuffer)}, in.Size(), "", in.Ref().String(), opts)
	if err == nil {
		return true, nil
	}
	if minio.ToErrorResponse(err).StatusCode == http.StatusPreconditionFailed {
		return false, nil
	}
	err = mapError(ctx, "put", err)
	if errors.Is(err, blobs.ErrUnavailable) {
		// The server may have said "there already" and closed the connection before the body was sent; what the writer
		// then sees is a broken connection. Asking again tells the two apart, and also "stored, but the answer got lost".
		if info, statErr := s.Stat(ctx, in.Space(), in.Ref()); statErr == nil && info.Size == in.Size() {
			return false, nil
		}
	}
	return false, err
}

const sendBuffer = 64 << 10 // bytes

// withheld gives the last byte of a file only after its end was seen. The gate keeps back what completes the declared length; a sender
// who declares too much has sent all bytes before that, and a server that takes a body that breaks off for a whole one (versitygw) would find
// its hash right.
type withheld struct{ from *bufio.Reader }

func (w *withheld) Read(p []byte) (int, error) {
	switch _, err := w.from.Peek(2); {
	case err == nil:
		return w.from.Read(p[:min(len(p), w.from.Buffered()-1)])
	case errors.Is(err, io.EOF):
		return w.from.Read(p)
	default:
		return 0, err
	}
}

// Remove implements blobs.Remover.
func (s *Store) Remove(ctx context.Context, space blobs.Space, ref blobs.Ref) error {
	key, err := blobs.Key(space, ref)
	if err != nil {
		return err
	}
	err = mapError(ctx, "remove", s.api.RemoveObject(ctx, s.bucket, key, minio.RemoveObjectOptions{}))
	if errors.Is(err, blobs.ErrNotFound) {
		return nil
	}
	return err
}

func checksum(ref blobs.Ref) string {
	sum := ref.Sum()
	return base64.StdEncoding.EncodeToString(sum[:])
}
