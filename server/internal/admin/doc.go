// Package admin is the operator's side of the accounts: what whoever has the server's machine does to organisations, users,
// teams, devices and API keys. Commands are named and take and give JSON. A running server takes them at a unix socket in its data
// folder, which only its own user can open (Serve, Dial); where none runs the same Service works on the opened store (Local).
// So a revocation by the operator closes connections that are open.
//
// The socket speaks HTTP: POST /NAME with the command's input, answered 200 with its output, or with another status and a
// failure. Passwords and secrets pass through it, and stand in no argument of a process.
package admin
