// Package nocore stops a build for a platform that no core is there for, with words instead of a linker's: there it does not compile. The
// engine imports it only there; elsewhere it is empty.
package nocore
