package auth

import (
	"crypto/sha256"

	"fieldsync/crdt/store"
)

// secretHash is the SHA-256 of a token or a session's secret, the only form in which it is stored.
type secretHash [sha256.Size]byte

func hashSecret(secret string) secretHash { return sha256.Sum256([]byte(secret)) }

// The kinds of accounts in the store's keys.
const (
	kindOrg         = 'o' // id: the organisation's
	kindUser        = 'u' // id: the user's
	kindLogin       = 'l' // id: the login in lower case; the value is the user's id
	kindCredential  = 't' // id: a secretHash
	kindCredentials = 'd' // id: the user's, a slash, a secretHash; the value is empty
)

func orgKey(org string) []byte          { return store.Account(kindOrg, org) }
func userKey(user string) []byte        { return store.Account(kindUser, user) }
func loginKey(login string) []byte      { return store.Account(kindLogin, login) }
func credentialKey(h secretHash) []byte { return store.Account(kindCredential, string(h[:])) }

// userCredentials is the prefix of a user's credentials; ids hold no slash.
func userCredentials(user string) []byte { return store.Account(kindCredentials, user+"/") }

func userCredentialKey(user string, h secretHash) []byte {
	return append(userCredentials(user), h[:]...)
}
