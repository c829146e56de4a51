package auth

import (
	"errors"

	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"
)

// DemoOrg is the id of the demonstration's organisation.
const DemoOrg = "demo"

// DemoPassword is the password of every demonstration user. It is public, as their tokens are.
const DemoPassword = "demo"

// DemoUser is a user that SeedDemo makes.
type DemoUser struct {
	Login string
	Name  string
	Role  access.Role
	Token string
}

// DemoUsers are the users that SeedDemo makes.
func DemoUsers() []DemoUser {
	return []DemoUser{
		{"dispatcher", "Dora Dispatcher", access.RoleDispatcher, "demo-dispatcher"},
		{"anna", "Anna Worker", access.RoleWorker, "demo-worker-anna"},
		{"ben", "Ben Worker", access.RoleWorker, "demo-worker-ben"},
	}
}

// SeedDemo makes the demonstration's organisation, users and tokens where they are missing. They let in only while
// Options.Demo is set: a folder that once served a demonstration is not open to everybody ever after.
func (a *Auth) SeedDemo() error {
	if err := a.PutOrg(Org{ID: DemoOrg, Name: "Demo Field Service"}); err != nil {
		return err
	}
	for _, d := range DemoUsers() {
		_, err := load[User](a.store, userKey(d.Login))
		if errors.Is(err, store.ErrNotFound) {
			hash, herr := HashPassword(DemoPassword)
			if herr != nil {
				return herr
			}
			err = a.PutUser(User{ID: d.Login, Org: DemoOrg, Login: d.Login, Name: d.Name, Role: d.Role, PasswordHash: hash, Demo: true})
		}
		if err != nil {
			return unavailable(err)
		}
		_, err = a.store.Get(credentialKey(hashSecret(d.Token)))
		if errors.Is(err, store.ErrNotFound) {
			_, err = a.issue(d.Login, "demo", d.Token, false)
		}
		if err != nil {
			return unavailable(err)
		}
	}
	return nil
}
