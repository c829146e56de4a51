package auth

import (
	"errors"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"fieldsync/crdt"
	"fieldsync/server/internal/access"
)

// operatorID is the Principal.ID of whoever has the server's machine.
const operatorID = "operator"

// Operator is who has the server's machine, at work in an organisation: what an owner may, and what needs no owner.
func Operator(org string) access.Principal {
	return access.Principal{ID: operatorID, Org: org, Role: access.RoleOwner, Name: "operator"}
}

// manages tells whether somebody may change the accounts of the organisation.
func manages(by access.Principal) bool {
	return by.Org != "" && (by.Role == access.RoleOwner || by.Role == access.RoleAdministrator)
}

// seesAccounts tells whether somebody may read all about the accounts, beside names.
func seesAccounts(by access.Principal) bool {
	return manages(by) || by.Org != "" && by.Role == access.RoleDispatcher
}

// managesRole tells whether somebody may change accounts of a role: administrators do not touch owners.
func managesRole(by access.Principal, role access.Role) bool {
	return manages(by) && (role != access.RoleOwner || by.Role == access.RoleOwner)
}

var (
	errRole = crdt.Errorf(crdt.KindForbidden, "your role does not allow this")
	// errNoUser is what an integration hears where one needs a user's account.
	errNoUser = crdt.Errorf(crdt.KindForbidden, "an integration has no account of its own")
	// ErrChanged says that something has another version than the caller has seen.
	ErrChanged = crdt.Errorf(crdt.KindConflict, "it was changed meanwhile: read it again")
)

// FieldError is an error about one field of what was asked for, named as in JSON.
type FieldError struct {
	Field string
	Err   error // of a kind, for people
}

// Error names the field.
func (e *FieldError) Error() string { return e.Field + ": " + e.Err.Error() }

// Unwrap gives the error of a kind.
func (e *FieldError) Unwrap() error { return e.Err }

func fieldError(field string, kind crdt.Kind, format string, args ...any) error {
	return &FieldError{Field: field, Err: crdt.Errorf(kind, format, args...)}
}

func invalid(field, format string, args ...any) error {
	return fieldError(field, crdt.KindInvalid, format, args...)
}

// IsChanged tells whether an error is ErrChanged.
func IsChanged(err error) bool { return errors.Is(err, ErrChanged) }

// An id or a login is a part of a store key: no slash, and short. An organisation's id is also the name of its space
// for files (blobs.Space), which knows no other characters.
var (
	idPattern    = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
	loginPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._@+-]{0,127}$`)
)

const maxNameBytes = 200 // of a person, an organisation, a team, a device: what a screen shows

// checkName takes what people may read as a name: one line, not too long.
func checkName(field, name string) error {
	if len(name) > maxNameBytes {
		return fieldError(field, crdt.KindInvalid, "a name has at most %d bytes", maxNameBytes)
	}
	if !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return invalid(field, "a name is one line of text")
	}
	return nil
}

// checkLogin gives a login as it is stored.
func checkLogin(login string) (string, error) {
	login = strings.ToLower(strings.TrimSpace(login))
	if !loginPattern.MatchString(login) {
		return "", invalid("login", "a login has up to 128 of a-z, 0-9 and . _ @ + -, and begins with a letter or a digit")
	}
	return login, nil
}

// Bounds on a new password (NIST SP 800-63B: length counts, rules about characters do not).
const (
	minPasswordChars    = 10
	minDifferentInWords = 5 // different characters: "aaaaaaaaaa" is none
)

// CheckPassword tells whether a password is good enough for a login.
func CheckPassword(field, password, login string) error {
	switch n := utf8.RuneCountInString(password); {
	case n < minPasswordChars:
		return invalid(field, "a password has at least %d characters", minPasswordChars)
	case len(password) > maxPasswordBytes:
		return invalid(field, "a password has at most %d bytes", maxPasswordBytes)
	case !utf8.ValidString(password):
		return invalid(field, "a password is text in UTF-8")
	}
	different := map[rune]bool{}
	for _, r := range password {
		different[r] = true
	}
	lower := strings.ToLower(password)
	name, _, _ := strings.Cut(login, "@")
	if len(different) < minDifferentInWords || common(lower) || login != "" && (lower == login || len(name) >= 4 && strings.Trim(strings.ReplaceAll(lower, name, ""), "0123456789!?.-_") == "") {
		return invalid(field, "this password is one of the first that anybody would try")
	}
	return nil
}

// sequences are what fingers run along.
const sequences = "01234567890123456789 abcdefghijklmnopqrstuvwxyz qwertyuiopasdfghjklzxcvbnm qwertzuiopasdfghjklyxcvbnm azertyuiopqsdfghjklmwxcvbn 1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/ 1q2w3e4r5t6y7u8i9o0p 98765432109876543210"

// common tells whether a password is among those that are tried first: a known word with digits or signs around it, a run
// along the keyboard, one part again and again.
func common(lower string) bool {
	if strings.Contains(sequences, lower) {
		return true
	}
	for n := 1; n <= len(lower)/2; n++ {
		if len(lower)%n == 0 && strings.Repeat(lower[:n], len(lower)/n) == lower && n <= 4 {
			return true
		}
	}
	core := strings.Trim(lower, "0123456789!?.,-_@#$%&*+ ")
	for _, word := range []string{"", "password", "passwort", "passw0rd", "p@ssword", "p@ssw0rd", "welcome", "willkommen", "letmein", "qwerty", "qwertz",
		"azerty", "iloveyou", "sunshine", "princess", "football", "baseball", "dragon", "monkey", "master", "superman", "batman", "trustno", "admin",
		"administrator", "changeme", "default", "secret", "fieldsync", "dispatcher", "worker", "demo", "test", "testtest", "passwordpassword", "qwertyuiop",
		"summer", "winter", "spring", "autumn", "sommer", "company", "letmeinplease", "starwars", "whatever", "computer", "michael", "jordan"} {
		if core == word {
			return true
		}
	}
	return false
}
