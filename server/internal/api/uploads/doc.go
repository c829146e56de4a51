// Package uploads serves resumable uploads of files, tus 1.0 (package blobs/upload), to those who may write to the job that a file
// is for:
//
//	POST                /api/v1/uploads        opens one; Upload-Length and Upload-Metadata say what is going to come
//	HEAD, PATCH, DELETE /api/v1/uploads/{id}   how far it is; more of it; no more of it
//	OPTIONS             /api/v1/uploads        what of tus there is
//
// The metadata: sha256 (hexadecimal) and job (document id) are required; filename, filetype and kind may be there. A kind of
// "preview" or "thumbnail" says that the file is a small picture made by the client, and bounds it.
//
// tusd asks nobody before PATCH, HEAD and DELETE. Here every method is let in by the API's authentication, an upload is found
// only by the principal who opened it, and each request, and once more the end, asks whether he may write to the job now.
package uploads
