package api

import (
	"reflect"
	"strings"

	"fieldsync/crdt"

	"github.com/danielgtaylor/huma/v2"
)

// moment describes a crdt.Timestamp.
type moment struct{}

// Schema is part of huma.SchemaProvider.
func (moment) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date-time", Description: "RFC 3339, to the millisecond"}
}

// schemas is a registry that knows our types.
func schemas() huma.Registry {
	r := huma.NewMapRegistry("#/components/schemas/", typeName)
	r.RegisterTypeAlias(reflect.TypeFor[crdt.Timestamp](), reflect.TypeFor[moment]())
	return r
}

// typeName names a type in the description: by its own name, and that of its package where several packages have one of that name.
func typeName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if strings.HasSuffix(t.PkgPath(), "/internal/index") && !strings.HasPrefix(name, "Row") {
		name = "Row" + name
	}
	return name
}
