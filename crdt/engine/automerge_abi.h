// The part of automerge's C interface (automerge-c of rust/automerge 0.5.0) that the engine calls, declared here because the header
// stands in automerge-go's module folder, which no #cgo line can name. TestABIMatchesTheModulesHeader compares every
// declaration below with that header, so that a newer automerge-go cannot be linked against stale ones.
#ifndef FIELDSYNC_AUTOMERGE_ABI_H
#define FIELDSYNC_AUTOMERGE_ABI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  AM_OBJ_TYPE_LIST = 1,
  AM_OBJ_TYPE_MAP = 2,
  AM_OBJ_TYPE_TEXT = 3,
};

enum {
  AM_STATUS_OK = 0,
  AM_STATUS_ERROR = 1,
};

enum {
  AM_VAL_TYPE_VOID = (1 << 0),
  AM_VAL_TYPE_BOOL = (1 << 2),
  AM_VAL_TYPE_BYTES = (1 << 3),
  AM_VAL_TYPE_CHANGE = (1 << 4),
  AM_VAL_TYPE_CHANGE_HASH = (1 << 5),
  AM_VAL_TYPE_COUNTER = (1 << 6),
  AM_VAL_TYPE_DOC = (1 << 7),
  AM_VAL_TYPE_F64 = (1 << 8),
  AM_VAL_TYPE_INT = (1 << 9),
  AM_VAL_TYPE_NULL = (1 << 11),
  AM_VAL_TYPE_OBJ_TYPE = (1 << 12),
  AM_VAL_TYPE_STR = (1 << 13),
  AM_VAL_TYPE_TIMESTAMP = (1 << 17),
  AM_VAL_TYPE_UINT = (1 << 18),
  AM_VAL_TYPE_UNKNOWN = (1 << 19),
};

typedef uint8_t AMobjType;
typedef uint8_t AMstatus;
typedef uint32_t AMvalType;

typedef struct AMactorId AMactorId;
typedef struct AMchange AMchange;
typedef struct AMdoc AMdoc;
typedef struct AMitem AMitem;
typedef struct AMobjId AMobjId;
typedef struct AMresult AMresult;

typedef struct AMbyteSpan {
  const uint8_t *src;
  size_t count;
} AMbyteSpan;

typedef struct AMitems {
  uint8_t detail[+8+8+8];
} AMitems;

typedef struct AMunknownValue {
  struct AMbyteSpan bytes;
  uint8_t type_code;
} AMunknownValue;

struct AMbyteSpan AMactorIdBytes(const struct AMactorId *actor_id);
struct AMresult *AMactorIdFromBytes(const uint8_t *src, size_t count);
struct AMbyteSpan AMchangeRawBytes(const struct AMchange *change);
struct AMresult *AMcreate(const struct AMactorId *actor_id);
struct AMresult *AMcommit(struct AMdoc *doc, struct AMbyteSpan message, const int64_t *timestamp);
struct AMresult *AMfork(struct AMdoc *doc, const struct AMitems *heads);
struct AMresult *AMgetChangeByHash(struct AMdoc *doc, const uint8_t *src, size_t count);
struct AMresult *AMgetChanges(struct AMdoc *doc, const struct AMitems *have_deps);
struct AMresult *AMgetHeads(struct AMdoc *doc);
struct AMresult *AMload(const uint8_t *src, size_t count);
struct AMresult *AMloadIncremental(struct AMdoc *doc, const uint8_t *src, size_t count);
size_t AMobjSize(const struct AMdoc *doc, const struct AMobjId *obj_id, const struct AMitems *heads);
AMobjType AMobjObjType(const struct AMdoc *doc, const struct AMobjId *obj_id);
size_t AMpendingOps(const struct AMdoc *doc);
size_t AMrollback(struct AMdoc *doc);
struct AMresult *AMsave(struct AMdoc *doc);
struct AMresult *AMsetActorId(struct AMdoc *doc, const struct AMactorId *actor_id);
struct AMresult *AMspliceText(struct AMdoc *doc, const struct AMobjId *obj_id, size_t pos, ptrdiff_t del, struct AMbyteSpan text);
struct AMresult *AMtext(const struct AMdoc *doc, const struct AMobjId *obj_id, const struct AMitems *heads);
struct AMresult *AMlistDelete(struct AMdoc *doc, const struct AMobjId *obj_id, size_t pos);
struct AMresult *AMlistGet(const struct AMdoc *doc, const struct AMobjId *obj_id, size_t pos, const struct AMitems *heads);
struct AMresult *AMlistGetAll(const struct AMdoc *doc, const struct AMobjId *obj_id, size_t pos, const struct AMitems *heads);
struct AMresult *AMlistIncrement(struct AMdoc *doc, const struct AMobjId *obj_id, size_t pos, int64_t value);
struct AMresult *AMlistPutBool(struct AMdoc *doc, const struct AMobjId *obj_id, size_t pos, bool insert, bool value);
struct AMresult *AMlistPutBytes(struct AMdoc *doc, const struct AMobjId *obj_id, size_t pos, bool insert, struct AMbyteSpan value);
struct AMresult *AMlistPutCounter(struct AMdoc *doc, const struct AMobjId *obj_id, size_t pos, bool insert, int64_t value);
struct AMresult *AMlistPutF64(struct AMdoc *doc, const struct AMobjId *obj_id, size_t pos, bool insert, double value);
struct AMresult *AMlistPutInt(struct AMdoc *doc, const struct AMobjId *obj_id, size_t pos, bool insert, int64_t value);
struct AMresult *AMlistPutNull(struct AMdoc *doc, const struct AMobjId *obj_id, size_t pos, bool insert);
struct AMresult *AMlistPutObject(struct AMdoc *doc, const struct AMobjId *obj_id, size_t pos, bool insert, AMobjType obj_type);
struct AMresult *AMlistPutStr(struct AMdoc *doc, const struct AMobjId *obj_id, size_t pos, bool insert, struct AMbyteSpan value);
struct AMresult *AMlistPutTimestamp(struct AMdoc *doc, const struct AMobjId *obj_id, size_t pos, bool insert, int64_t value);
struct AMresult *AMlistPutUint(struct AMdoc *doc, const struct AMobjId *obj_id, size_t pos, bool insert, uint64_t value);
struct AMresult *AMlistRange(const struct AMdoc *doc, const struct AMobjId *obj_id, size_t begin, size_t end, const struct AMitems *heads);
struct AMresult *AMmapDelete(struct AMdoc *doc, const struct AMobjId *obj_id, struct AMbyteSpan key);
struct AMresult *AMmapGet(const struct AMdoc *doc, const struct AMobjId *obj_id, struct AMbyteSpan key, const struct AMitems *heads);
struct AMresult *AMmapGetAll(const struct AMdoc *doc, const struct AMobjId *obj_id, struct AMbyteSpan key, const struct AMitems *heads);
struct AMresult *AMmapIncrement(struct AMdoc *doc, const struct AMobjId *obj_id, struct AMbyteSpan key, int64_t value);
struct AMresult *AMmapPutBool(struct AMdoc *doc, const struct AMobjId *obj_id, struct AMbyteSpan key, bool value);
struct AMresult *AMmapPutBytes(struct AMdoc *doc, const struct AMobjId *obj_id, struct AMbyteSpan key, struct AMbyteSpan value);
struct AMresult *AMmapPutCounter(struct AMdoc *doc, const struct AMobjId *obj_id, struct AMbyteSpan key, int64_t value);
struct AMresult *AMmapPutNull(struct AMdoc *doc, const struct AMobjId *obj_id, struct AMbyteSpan key);
struct AMresult *AMmapPutObject(struct AMdoc *doc, const struct AMobjId *obj_id, struct AMbyteSpan key, AMobjType obj_type);
struct AMresult *AMmapPutF64(struct AMdoc *doc, const struct AMobjId *obj_id, struct AMbyteSpan key, double value);
struct AMresult *AMmapPutInt(struct AMdoc *doc, const struct AMobjId *obj_id, struct AMbyteSpan key, int64_t value);
struct AMresult *AMmapPutStr(struct AMdoc *doc, const struct AMobjId *obj_id, struct AMbyteSpan key, struct AMbyteSpan value);
struct AMresult *AMmapPutTimestamp(struct AMdoc *doc, const struct AMobjId *obj_id, struct AMbyteSpan key, int64_t value);
struct AMresult *AMmapPutUint(struct AMdoc *doc, const struct AMobjId *obj_id, struct AMbyteSpan key, uint64_t value);
struct AMresult *AMmapRange(const struct AMdoc *doc, const struct AMobjId *obj_id, struct AMbyteSpan begin, struct AMbyteSpan end, const struct AMitems *heads);
struct AMresult *AMitemFromChangeHash(struct AMbyteSpan value);
bool AMitemKey(const struct AMitem *item, struct AMbyteSpan *value);
const struct AMobjId *AMitemObjId(const struct AMitem *item);
bool AMitemToActorId(const struct AMitem *item, const struct AMactorId **value);
bool AMitemToBool(const struct AMitem *item, bool *value);
bool AMitemToBytes(const struct AMitem *item, struct AMbyteSpan *value);
bool AMitemToChange(struct AMitem *item, struct AMchange **value);
bool AMitemToChangeHash(const struct AMitem *item, struct AMbyteSpan *value);
bool AMitemToCounter(const struct AMitem *item, int64_t *value);
bool AMitemToDoc(struct AMitem *item, const struct AMdoc **value);
bool AMitemToF64(const struct AMitem *item, double *value);
bool AMitemToInt(const struct AMitem *item, int64_t *value);
bool AMitemToStr(const struct AMitem *item, struct AMbyteSpan *value);
bool AMitemToTimestamp(const struct AMitem *item, int64_t *value);
bool AMitemToUint(const struct AMitem *item, uint64_t *value);
bool AMitemToUnknown(const struct AMitem *item, struct AMunknownValue *value);
AMvalType AMitemValType(const struct AMitem *item);
struct AMitem *AMitemsNext(struct AMitems *items, ptrdiff_t n);
const struct AMactorId *AMobjIdActorId(const struct AMobjId *obj_id);
uint64_t AMobjIdCounter(const struct AMobjId *obj_id);
struct AMresult *AMresultCat(const struct AMresult *dest, const struct AMresult *src);
struct AMbyteSpan AMresultError(const struct AMresult *result);
void AMresultFree(struct AMresult *result);
struct AMitem *AMresultItem(struct AMresult *result);
struct AMitems AMresultItems(struct AMresult *result);
AMstatus AMresultStatus(const struct AMresult *result);

#endif
