package client

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"fieldsync/client/internal/service"
	"fieldsync/crdt"
	"fieldsync/crdt/drive"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store"
)

// Identity is who a folder belongs to, as the server said when its owner logged in.
type Identity struct {
	Server string `json:"server"` // its address
	Org    string `json:"org"`
	User   string `json:"user"` // the user id, as it stands in a job's assignees
	Name   string `json:"name"`
	Role   string `json:"role"`
	Device string `json:"device"`
}

// account is what account.json holds.
type account struct {
	Identity
	Token string `json:"token,omitempty"` // empty after a logout
	// Seed makes this folder's actor ids; 32 random bytes. It must never be in two folders at once.
	Seed []byte `json:"seed"`
	// Storage names this folder's storage to servers.
	Storage string `json:"storage"`
}

const accountFile = "account.json"

// readAccount reads a folder's account, and makes a nameless one where there is none.
func readAccount(dir string, k *keys) (account, error) {
	var a account
	data, err := os.ReadFile(filepath.Join(dir, accountFile))
	if errors.Is(err, fs.ErrNotExist) {
		a.Seed = make([]byte, 32)
		_, _ = rand.Read(a.Seed) // it never fails
		a.Storage = rand.Text()
		return a, a.write(dir, k)
	}
	if err == nil && k != nil {
		data, err = unseal(k.account, data)
	}
	if err == nil {
		err = json.Unmarshal(data, &a)
	}
	if err == nil && (len(a.Seed) != 32 || a.Storage == "") {
		err = errors.New("it is incomplete")
	}
	if err != nil {
		return a, fmt.Errorf("client: %s: %w", accountFile, err)
	}
	return a, nil
}

// write replaces the file, encrypted if the folder is.
func (a *account) write(dir string, k *keys) error {
	data, err := json.MarshalIndent(a, "", "  ")
	if err == nil && k != nil {
		data, err = seal(k.account, data)
	} else {
		data = append(data, '\n')
	}
	if err != nil {
		return err
	}
	return replaceFile(dir, accountFile, data)
}

// Login asks the server whose token this is, and makes the folder his. From then on everything but Sync, Run and what asks
// the server works without a network. Errors: ErrSignIn for a token that the server does not accept, ErrOffline,
// ErrOtherAccount where the folder holds somebody else's documents, crdt.KindInvalid for an address that is none.
func (c *Client) Login(ctx context.Context, server, token string) (Identity, error) {
	at, err := service.ParseServer(server)
	if err != nil {
		return Identity{}, err
	}
	if token == "" {
		return Identity{}, crdt.Errorf(crdt.KindInvalid, "a token is needed")
	}
	api := service.New(at, token)
	defer api.Close()
	who, err := api.WhoAmI(ctx)
	if err != nil {
		return Identity{}, asOurs(err)
	}
	c.learned.Store(0)
	c.learn(ctx, api)
	next := Identity{Server: at.String(), Org: who.Org, User: who.User, Name: who.Name, Role: who.Role, Device: who.Device}
	holds, err := c.holdsDocuments()
	if err != nil {
		return Identity{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	a := c.account
	if holds && a.User != "" && (a.Org != next.Org || a.User != next.User) {
		return Identity{}, because(ErrOtherAccount, fmt.Errorf("it holds the documents of %s at %s", a.User, a.Server))
	}
	a.Identity, a.Token = next, token
	if err := a.write(c.dir, c.keys); err != nil {
		return Identity{}, err
	}
	c.account = a
	c.note(store.Op{Key: store.Local(bookFact, []byte(factRevoked))})
	return next, nil
}

// SignIn gets a token of this folder's own for a login and a password, and makes the folder that person's, as Login does. org is the
// organisation's id, needed only by whose login is the same in several. label is what people call the device. Errors: as of
// Login, ErrSignIn for a wrong login or password.
func (c *Client) SignIn(ctx context.Context, server, login, password, org, label string) (Identity, error) {
	at, err := service.ParseServer(server)
	if err != nil {
		return Identity{}, err
	}
	api := service.New(at, "")
	defer api.Close()
	token, err := api.SignIn(ctx, login, password, org, label)
	if err != nil {
		return Identity{}, asOurs(err)
	}
	who, err := c.Login(ctx, server, token)
	if err != nil { // nobody will use it
		mine := service.New(at, token)
		defer mine.Close()
		if serr := mine.SignOut(context.WithoutCancel(ctx)); serr != nil {
			c.log.Warn("a token that is not needed could not be ended", "error", serr.Error())
		}
	}
	return who, err
}

func (c *Client) holdsDocuments() (bool, error) {
	found := false
	err := drive.Records(c.store, func(crdt.DocID, replica.Record) error {
		found = true
		return store.ErrStop
	})
	if err != nil && !errors.Is(err, store.ErrStop) {
		return false, err
	}
	return found, nil
}

// Logout forgets the token, and ends pushes to this device, where the server can be asked within some seconds. Documents and files stay, and so do unsent changes: they go out after the same person's next
// login.
func (c *Client) Logout() error {
	if err := c.endPush(); err != nil {
		return err
	}
	c.mu.Lock()
	a := c.account
	a.Token = ""
	err := a.write(c.dir, c.keys)
	if err == nil {
		c.account = a
	}
	s := c.session
	c.mu.Unlock()
	if s != nil {
		s.end(farewell)
	}
	return err
}

// WhoAmI gives the folder's owner. ErrNotLoggedIn before the first login and after a logout; the identity is given even then,
// if there was one.
func (c *Client) WhoAmI() (Identity, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.account.Token == "" {
		return c.account.Identity, ErrNotLoggedIn
	}
	return c.account.Identity, nil
}

// signedIn gives the account, or ErrNotLoggedIn, with the server's address taken apart.
func (c *Client) signedIn() (account, *url.URL, error) {
	c.mu.Lock()
	a := c.account
	c.mu.Unlock()
	if a.Token == "" {
		return a, nil, ErrNotLoggedIn
	}
	at, err := service.ParseServer(a.Server)
	return a, at, err
}
