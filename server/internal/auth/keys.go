package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"strings"

	"fieldsync/crdt/store"
)

// secretHash is the SHA-256 of a token or a session's secret, the only form in which it is stored.
type secretHash [sha256.Size]byte

func hashSecret(secret string) secretHash { return sha256.Sum256([]byte(secret)) }

// The kinds of accounts in the store's keys. Ids and logins hold no slash.
const (
	kindOrg         = 'o' // id: the organisation's
	kindNamespace   = 'i' // id: the organisation's; the value is the key of its document ids. None: they are the store's
	kindUser        = 'u' // id: the user's
	kindMember      = 'm' // id: organisation/user; the value is empty
	kindLogin       = 'l' // id: login in lower case/organisation; the value is the user's id. Before version 2: the login alone
	kindSubject     = 'x' // id: organisation/SHA-256 of an OpenID provider's issuer and subject; the value is the user's id
	kindTeam        = 'g' // id: organisation/team
	kindKey         = 'k' // id: organisation/API key
	kindCredential  = 't' // id: a secretHash
	kindCredentials = 'd' // id: user/secretHash; the value is empty
	kindSeen        = 's' // id: a secretHash; the value is when it was last used, in milliseconds since 1970, 8 bytes
	kindReport      = 'r' // id: a secretHash; the value is what the device last said of itself
	kindViews       = 'v' // id: a user's; the lists that he gave a name
	kindLock        = 'f' // id: user, or user/ and a purpose; failed attempts
	kindLog         = 'e' // id: organisation/ring/number in 8 bytes
	kindLogNext     = 'n' // id: organisation/ring; the value is the number of the next entry, 8 bytes
)

func orgKey(org string) []byte           { return store.Account(kindOrg, org) }
func namespaceKey(org string) []byte     { return store.Account(kindNamespace, org) }
func userKey(user string) []byte         { return store.Account(kindUser, user) }
func memberKey(org, user string) []byte  { return store.Account(kindMember, org+"/"+user) }
func membersOf(org string) []byte        { return store.Account(kindMember, org+"/") }
func loginKey(login, org string) []byte  { return store.Account(kindLogin, login+"/"+org) }
func loginsLike(login string) []byte     { return store.Account(kindLogin, login+"/") }
func subjectKey(org, hash string) []byte { return store.Account(kindSubject, org+"/"+hash) }
func teamKey(org, team string) []byte    { return store.Account(kindTeam, org+"/"+team) }
func apiKeyKey(org, id string) []byte    { return store.Account(kindKey, org+"/"+id) }
func lockKey(name string) []byte         { return store.Account(kindLock, name) }
func credentialKey(h secretHash) []byte  { return store.Account(kindCredential, string(h[:])) }
func seenKey(h secretHash) []byte        { return store.Account(kindSeen, string(h[:])) }
func viewsKey(user string) []byte        { return store.Account(kindViews, user) }
func reportKey(h secretHash) []byte      { return store.Account(kindReport, string(h[:])) }

// userCredentials is the prefix of a user's credentials.
func userCredentials(user string) []byte { return store.Account(kindCredentials, user+"/") }

func userCredentialKey(user string, h secretHash) []byte {
	return append(userCredentials(user), h[:]...)
}

func logPrefix(org string, ring ring) []byte { return store.Account(kindLog, org+"/"+string(ring)+"/") }
func logNextKey(org string, ring ring) []byte {
	return store.Account(kindLogNext, org+"/"+string(ring))
}

func logKey(org string, ring ring, n uint64) []byte {
	return binary.BigEndian.AppendUint64(logPrefix(org, ring), n)
}

// newID makes an id that nobody can guess, and that says what it names: 80 random bits.
func newID(kind string) string {
	var raw [10]byte
	_, _ = rand.Read(raw[:]) // never fails (crypto/rand)
	return kind + "-" + strings.ToLower(base32.StdEncoding.EncodeToString(raw[:]))
}
