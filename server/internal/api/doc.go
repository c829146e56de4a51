// Package api is the frame of the JSON API under /api/v1/: operations are registered with huma, which reads and checks
// requests by their Go types and describes them as OpenAPI 3.1; this package adds what all have in common: who asks, how
// long it may take, how much it may send, and that every error is a problem document (package problem).
//
// Operations are added in the packages below, one resource a file:
//
//	huma.Register(a, huma.Operation{
//		OperationID: "get-job", Method: http.MethodGet, Path: "/api/v1/jobs/{id}",
//		Summary: "A job", Tags: []string{"jobs"},
//	}, func(ctx context.Context, in *struct{ ID string `path:"id"` }) (*Output, error) { … })
//
// A handler returns errors as they are: their crdt.Kind decides on the status. It finds who asks with
// Principal. Public and Unhurried change the rules for one operation; Raw documents a handler that is not huma's.
package api
