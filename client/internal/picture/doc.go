// Package picture does to photos what a client does before it sends them: takes out the place where they were taken, and makes
// a preview and a thumbnail.
//
// The place is taken out in the file's own bytes, without decoding the picture and without changing any length: the GPS directory
// of EXIF is emptied and its entry removed, XMP packets that speak of GPS become blanks. So nothing else about the photo changes.
// The picture's orientation stays as it is; previews are turned upright, since they carry none.
//
// Everything here reads what a camera, or anybody, wrote: sizes are checked before memory is taken, and what cannot be understood
// is left alone or refused, never guessed at.
package picture
