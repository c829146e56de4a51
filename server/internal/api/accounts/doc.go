// Package accounts is the part of /api/v1/ about people: signing in and out. What is decided is decided in package auth; here
// it is read from requests and written to answers.
package accounts
