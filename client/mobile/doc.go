// Package mobile is package client in the form that gomobile can bind for Java, Kotlin, Swift and Objective-C: strings, bytes, numbers and
// small interfaces only. `make test` has gobind generate both bindings.
//
//	c, err := mobile.Open(filesDir, keyFromTheKeystore, true)
//	c.Listen(listener)                                        // what happens: JSON
//	answer := c.Do("set_status", `{"job":"3EBs…","status":"started"}`)
//	c.SetNetwork("lte", true)                                 // whenever the platform tells
//	c.Start()                                                 // in the foreground: stay connected
//	c.RunFor(25_000)                                          // in a background slot
//
// # Do
//
// Everything that a person does is one function: a command's name and its arguments as a JSON object, answered by a JSON object of either
// "result" or "error": {"code", "text"}. commands.go has the names, codes.go the codes. It may block, on the disk or for those
// commands that ask the server on the network, and belongs on a background thread; calls may run at the same time.
//
// # What the platform does
//
// It keeps the key (Keystore, Keychain), tells of the network (SetNetwork), of pushes (PushReceived), gives slots in the background (RunFor)
// and calls Close before the process is to end. If it does not come to that nothing is lost: what Do said was saved is on the disk.
//
// docs/CLIENT.md says which platforms the engine's core is there for.
package mobile
