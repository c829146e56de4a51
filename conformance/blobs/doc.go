// Package blobs holds the tests of the blob stores that need a real MinIO server. They are here because nothing but
// conformance may know of conformance/minioserver.
package blobs
