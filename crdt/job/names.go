package job

// What the root's "kind" says of the documents that the service knows. Anything else, and a document without it, is opaque
// to the service. The kind is written with the document's first change, and never changed.
const (
	Kind         = "job"
	KindTemplate = "template" // what a new job starts with
	KindClient   = "client"   // whom jobs are done for
	KindSite     = "site"     // where jobs are done
)

// Kinds are all kinds.
func Kinds() []string { return []string{Kind, KindTemplate, KindClient, KindSite} }

// SchemaVersion is the layout that this package writes. Readers take what they understand of any version.
const SchemaVersion = 1

// Keys of the root. They are the ones that import and export use. A {uuid, name} may also be the plain name, as imports write it.
const (
	KeyKind          = "kind"
	KeySchemaVersion = "schema_version"

	KeyUUID            = "uuid"
	KeySerialNo        = "serial_no" // what people call the job by: text, or a number in imported jobs
	KeyExternalID      = "external_id"
	KeyExternalOrderID = "external_order_id"
	KeyExternalIDs     = "external_ids" // system -> id there
	KeyTitle           = "title"
	KeyDescription     = "description" // text, merged by characters
	KeyTemplate        = "template"    // {uuid, name}
	KeyType            = "type"        // a name
	KeyClient          = "client"      // {uuid, name}
	KeySite            = "site"        // {uuid, name}
	KeyTerritory       = "territory"   // a name
	KeySkills          = "skills"      // name -> true
	KeyContacts        = "contacts"    // contact id -> {name, type, value, position}
	KeyAddress         = "address"     // {formatted, entrance_no, apartment, floor, description, geolocation}
	KeyFollows         = "follows"     // document id of the job that this one follows up

	KeyScheduledAt       = "scheduled_at"         // timestamp
	KeyScheduledDuration = "scheduled_duration"   // map with minutes
	KeyCreatedAt         = "created_at"           // timestamp
	KeyResolution        = "resolution"           // a name, in imported jobs only: the current one follows from the outcome
	KeyPossible          = "possible_resolutions" // resolution id -> {name, successful, note_required, position}

	KeyAssignees    = "assignees"     // user id -> {edit}
	KeyStatusLog    = "status_log"    // event id -> event
	KeyAttachments  = "attachments"   // attachment id -> attachment
	KeyComments     = "comments"      // comment id -> {text, by, happened_at}
	KeyCustomFields = "custom_fields" // field id -> field; the dispatcher fills them
	KeyReportFields = "report_fields" // field id -> field; the worker fills them
	KeyChecklist    = "checklist"     // item id -> {text, done, done_at, by, position}

	// Of the other kinds' roots; title, description, address, contacts and the rest are called as in a job.
	KeyWorkerCreate = "worker_create" // template: workers may make jobs from it
	KeyArchived     = "archived"      // kept for the jobs that refer to it, and no longer offered
)

// Keys inside the root's maps.
const (
	KeyName     = "name"
	KeyMinutes  = "minutes"
	KeyEdit     = "edit"
	KeyPosition = "position" // a number by which a map's entries are ordered, then by id
	KeyValue    = "value"

	KeyStatus     = "status"
	KeyHappenedAt = "happened_at"
	KeyBy         = "by"
	KeyDevice     = "device"
	KeyAfter      = "after"
	KeyLocation   = "location"
	KeyNote       = "note"
	KeyText       = "text"
	// KeyResolution also stands in a finished event: the id of a possible resolution, or a name.

	KeyFieldType = "field_type" // see [FieldType]
	KeyDataType  = "data_type"
	KeyRequired  = "required"
	KeyHidden    = "hidden"
	KeyReadOnly  = "read_only"
	KeyOptions   = "options" // of a pick list: texts, in their order

	KeySuccessful   = "successful"
	KeyNoteRequired = "note_required"

	KeyDone   = "done"
	KeyDoneAt = "done_at"

	KeySHA256          = "sha256"
	KeySize            = "size"
	KeyMediaType       = "media_type"
	KeyField           = "field" // id of the report or custom field that the file answers
	KeyTakenAt         = "taken_at"
	KeyPreviewSHA256   = "preview_sha256"   // a picture that fills a screen, made by the client
	KeyThumbnailSHA256 = "thumbnail_sha256" // one for a row of a list

	KeyFormatted   = "formatted"
	KeyEntranceNo  = "entrance_no"
	KeyApartment   = "apartment"
	KeyFloor       = "floor"
	KeyGeolocation = "geolocation"

	KeyLatitude   = "latitude"
	KeyLongitude  = "longitude"
	KeyAccuracyM  = "accuracy_m"
	KeyCapturedAt = "captured_at"
	KeyUploadedAt = "uploaded_at"
)
