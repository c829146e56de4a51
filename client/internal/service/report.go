package service

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"

	"fieldsync/crdt"
)

// DeviceReport is what a device says of itself.
type DeviceReport struct {
	Link      string       `json:"link"` // "slow", "fast"
	Metered   bool         `json:"metered,omitempty"`
	Unsent    DeviceUnsent `json:"unsent"`
	SinceSync *int64       `json:"since_sync,omitempty"` // seconds since it was in step; nil: it never was
}

// DeviceUnsent is what a device has that the server has not, as its user counts it.
type DeviceUnsent struct {
	Changes int   `json:"changes"`
	Files   int   `json:"files"`
	Bytes   int64 `json:"bytes"` // of the files, that are left
}

// Report tells the server how far this device is.
func (s *Service) Report(ctx context.Context, r DeviceReport) error {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	body, err := json.Marshal(r)
	if err != nil {
		return crdt.Errorf(crdt.KindInternal, "service: %w", err)
	}
	req, err := s.request(ctx, http.MethodPut, s.base.JoinPath("api/v1/me/device/report"), bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	answer, err := s.do(req)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}
