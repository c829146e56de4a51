package job

// Kind is what the root's "kind" says of a job document. A document without it is opaque to the service.
const Kind = "job"

// SchemaVersion is the layout that this package writes. Readers take what they understand of any version.
const SchemaVersion = 1

// Keys of the root. They are the ones that import and export use.
const (
	KeyKind          = "kind"
	KeySchemaVersion = "schema_version"

	KeyUUID            = "uuid"
	KeySerialNo        = "serial_no" // what people call the job by: text, or a number in imported jobs
	KeyExternalID      = "external_id"
	KeyExternalOrderID = "external_order_id"
	KeyTitle           = "title"
	KeyDescription     = "description" // text, merged by characters
	KeyTemplate        = "template"
	KeyType            = "type"
	KeyClient          = "client" // a name, or a map with a name
	KeySite            = "site"   // the same
	KeyTerritory       = "territory"
	KeySkills          = "skills"
	KeyContacts        = "contacts"
	KeyAddress         = "address"

	KeyScheduledAt       = "scheduled_at"       // timestamp
	KeyScheduledDuration = "scheduled_duration" // map with minutes
	KeyCreatedAt         = "created_at"         // timestamp
	KeyResolution        = "resolution"
	KeyPossible          = "possible_resolutions"

	KeyAssignees    = "assignees"     // user id -> {edit}
	KeyStatusLog    = "status_log"    // event id -> event
	KeyAttachments  = "attachments"   // attachment id -> attachment
	KeyComments     = "comments"      // comment id -> {text, by, happened_at}
	KeyCustomFields = "custom_fields" // field id -> field; the dispatcher fills them
	KeyReportFields = "report_fields" // field id -> field; the worker fills them
)

// Keys inside the root's maps.
const (
	KeyName    = "name"
	KeyMinutes = "minutes"
	KeyEdit    = "edit"

	KeyStatus     = "status"
	KeyHappenedAt = "happened_at"
	KeyBy         = "by"
	KeyDevice     = "device"
	KeyAfter      = "after"
	KeyLocation   = "location"
	KeyNote       = "note"
	KeyText       = "text"

	KeySHA256        = "sha256"
	KeySize          = "size"
	KeyMediaType     = "media_type"
	KeyField         = "field"
	KeyTakenAt       = "taken_at"
	KeyPreviewSHA256 = "preview_sha256"

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
