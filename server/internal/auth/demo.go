package auth

import (
	"errors"

	"fieldsync/crdt"
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
	name := "Demo Field Service"
	if _, err := a.CreateOrg(DemoOrg, OrgChange{Name: &name}); err != nil && crdt.KindOf(err) != crdt.KindConflict {
		return err
	}
	for _, d := range DemoUsers() {
		if err := a.seedDemoUser(d); err != nil {
			return err
		}
		_, err := a.store.Get(credentialKey(hashSecret(d.Token)))
		if errors.Is(err, store.ErrNotFound) {
			_, err = a.issue(Operator(DemoOrg), d.Login, "demo", d.Token, false)
		}
		if err != nil {
			return unavailable(err)
		}
	}
	return nil
}

// seedDemoUser makes a user whose password is too short for any other.
func (a *Auth) seedDemoUser(d DemoUser) error {
	a.writing.Lock()
	defer a.writing.Unlock()
	_, err := load[User](a.store, userKey(d.Login))
	if !errors.Is(err, store.ErrNotFound) {
		return wrapMissing(err, "user")
	}
	hash, err := HashPassword(DemoPassword)
	if err != nil {
		return err
	}
	u := User{ID: d.Login, Org: DemoOrg, Login: d.Login, Name: d.Name, Role: d.Role, PasswordHash: hash, Demo: true, Created: a.now().UTC()}
	_, err = a.putUser(Operator(DemoOrg), User{}, u, Entry{Action: "user.created", Subject: u.ID, Detail: string(u.Role)})
	return err
}
