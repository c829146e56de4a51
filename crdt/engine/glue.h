// One C call for each thing that the engine does, so that Go crosses the border once per value and no Go pointer
// stands inside a struct that C sees.
#ifndef FIELDSYNC_GLUE_H
#define FIELDSYNC_GLUE_H

#include "automerge_abi.h"

// A value with everything that can be asked of it. The spans and the id belong to the result that it was read from.
typedef struct fs_value {
  AMvalType type;
  AMobjType obj_type;   // AM_VAL_TYPE_OBJ_TYPE only
  uint8_t unknown_type; // AM_VAL_TYPE_UNKNOWN only
  int64_t num;          // bool, int, counter, timestamp; uint as its bits
  double f64;
  AMbyteSpan bytes;     // string, bytes, unknown
  AMbyteSpan key;       // the map key, where the item has one
  const AMobjId *id;    // the operation that made the value
} fs_value;

// Reads the item that the iterator stands on and steps on. False at the end.
bool fs_next(const AMdoc *doc, AMitems *items, fs_value *out);

// What kind of object a value holds is asked of the document, because the item knows only that it is one.
AMdoc *fs_doc(AMresult *r);
bool fs_hash(AMresult *r, uint8_t out[32]);
bool fs_next_hash(AMitems *items, uint8_t out[32]);
bool fs_next_raw(AMitems *items, AMbyteSpan *out);

AMresult *fs_fork(AMdoc *doc, const uint8_t *hashes, size_t n);
AMresult *fs_set_actor(AMdoc *doc, const uint8_t *src, size_t count);
AMresult *fs_commit(AMdoc *doc, const uint8_t *msg, size_t count, int64_t time);

AMresult *fs_map_get(const AMdoc *doc, const AMobjId *obj, const uint8_t *key, size_t n, bool all);
AMresult *fs_map_range(const AMdoc *doc, const AMobjId *obj);
AMresult *fs_map_delete(AMdoc *doc, const AMobjId *obj, const uint8_t *key, size_t n);
AMresult *fs_map_increment(AMdoc *doc, const AMobjId *obj, const uint8_t *key, size_t n, int64_t by);
AMresult *fs_splice_text(AMdoc *doc, const AMobjId *obj, size_t pos, size_t del, const uint8_t *src, size_t count);

// Writes a scalar, or an object of obj_type where type is AM_VAL_TYPE_OBJ_TYPE. NULL for a type that cannot be written.
AMresult *fs_map_put(AMdoc *doc, const AMobjId *obj, const uint8_t *key, size_t n,
                     AMvalType type, AMobjType obj_type, int64_t num, double f64, const uint8_t *src, size_t count);
AMresult *fs_list_put(AMdoc *doc, const AMobjId *obj, size_t pos, bool insert,
                      AMvalType type, AMobjType obj_type, int64_t num, double f64, const uint8_t *src, size_t count);

#endif
