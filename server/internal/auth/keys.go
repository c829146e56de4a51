package auth

import "crypto/sha256"

// secretHash is the SHA-256 of a token or a session's secret, the only form in which it is stored.
type secretHash [sha256.Size]byte

func hashSecret(secret string) secretHash { return sha256.Sum256([]byte(secret)) }

func orgKey(org string) []byte           { return []byte("u/o/" + org) }
func userKey(user string) []byte         { return []byte("u/u/" + user) }
func loginKey(login string) []byte       { return []byte("u/l/" + login) }
func credentialKey(h secretHash) []byte  { return append([]byte("u/t/"), h[:]...) }
func userCredentials(user string) []byte { return []byte("u/d/" + user + "/") }

func userCredentialKey(user string, h secretHash) []byte {
	return append(userCredentials(user), h[:]...)
}
