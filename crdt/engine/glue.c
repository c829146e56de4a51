#include "glue.h"

#include <string.h>

// Automerge takes a NULL pointer for "no string", which is not the empty string.
static AMbyteSpan span(const uint8_t *src, size_t count) {
  AMbyteSpan s = {count > 0 ? src : (const uint8_t *)"", count};
  return s;
}

static const AMbyteSpan no_span = {NULL, 0};

bool fs_next(const AMdoc *doc, AMitems *items, fs_value *out) {
  memset(out, 0, sizeof *out);
  AMitem *item = AMitemsNext(items, 1);
  if (item == NULL) {
    return false;
  }
  out->type = AMitemValType(item);
  out->id = AMitemObjId(item);
  AMitemKey(item, &out->key);
  switch (out->type) {
  case AM_VAL_TYPE_BOOL: {
    bool b = false;
    AMitemToBool(item, &b);
    out->num = b;
    break;
  }
  case AM_VAL_TYPE_INT:
    AMitemToInt(item, &out->num);
    break;
  case AM_VAL_TYPE_UINT: {
    uint64_t u = 0;
    AMitemToUint(item, &u);
    out->num = (int64_t)u;
    break;
  }
  case AM_VAL_TYPE_COUNTER:
    AMitemToCounter(item, &out->num);
    break;
  case AM_VAL_TYPE_TIMESTAMP:
    AMitemToTimestamp(item, &out->num);
    break;
  case AM_VAL_TYPE_F64:
    AMitemToF64(item, &out->f64);
    break;
  case AM_VAL_TYPE_STR:
    AMitemToStr(item, &out->bytes);
    break;
  case AM_VAL_TYPE_BYTES:
    AMitemToBytes(item, &out->bytes);
    break;
  case AM_VAL_TYPE_UNKNOWN: {
    AMunknownValue u;
    memset(&u, 0, sizeof u);
    AMitemToUnknown(item, &u);
    out->bytes = u.bytes;
    out->unknown_type = u.type_code;
    break;
  }
  case AM_VAL_TYPE_OBJ_TYPE:
    out->obj_type = AMobjObjType(doc, out->id);
    break;
  }
  return true;
}

AMdoc *fs_doc(AMresult *r) {
  const AMdoc *doc = NULL;
  AMitem *item = AMresultItem(r);
  if (item == NULL || !AMitemToDoc(item, &doc)) {
    return NULL;
  }
  return (AMdoc *)doc;
}

static bool item_hash(const AMitem *item, uint8_t out[32]) {
  AMbyteSpan s = {0};
  if (item == NULL || !AMitemToChangeHash(item, &s) || s.count != 32) {
    return false;
  }
  memcpy(out, s.src, 32);
  return true;
}

bool fs_hash(AMresult *r, uint8_t out[32]) { return item_hash(AMresultItem(r), out); }

bool fs_next_hash(AMitems *items, uint8_t out[32]) { return item_hash(AMitemsNext(items, 1), out); }

bool fs_next_raw(AMitems *items, AMbyteSpan *out) {
  AMchange *change = NULL;
  AMitem *item = AMitemsNext(items, 1);
  if (item == NULL || !AMitemToChange(item, &change)) {
    return false;
  }
  *out = AMchangeRawBytes(change);
  return true;
}

AMresult *fs_fork(AMdoc *doc, const uint8_t *hashes, size_t n) {
  if (n == 0) {
    return AMfork(doc, NULL);
  }
  AMresult *list = AMitemFromChangeHash(span(hashes, 32));
  for (size_t i = 1; i < n; i++) {
    AMresult *one = AMitemFromChangeHash(span(hashes + 32 * i, 32));
    AMresult *longer = AMresultCat(list, one);
    AMresultFree(one);
    AMresultFree(list);
    list = longer;
  }
  AMitems items = AMresultItems(list);
  AMresult *forked = AMfork(doc, &items);
  AMresultFree(list);
  return forked;
}

AMresult *fs_set_actor(AMdoc *doc, const uint8_t *src, size_t count) {
  AMresult *made = AMactorIdFromBytes(src, count);
  const AMactorId *actor = NULL;
  AMitem *item = AMresultItem(made);
  if (item == NULL || !AMitemToActorId(item, &actor)) {
    return made; // holds the error
  }
  AMresult *set = AMsetActorId(doc, actor);
  AMresultFree(made);
  return set;
}

AMresult *fs_commit(AMdoc *doc, const uint8_t *msg, size_t count, int64_t time) {
  return AMcommit(doc, count > 0 ? span(msg, count) : no_span, &time);
}

AMresult *fs_map_get(const AMdoc *doc, const AMobjId *obj, const uint8_t *key, size_t n, bool all) {
  return all ? AMmapGetAll(doc, obj, span(key, n), NULL) : AMmapGet(doc, obj, span(key, n), NULL);
}

AMresult *fs_map_range(const AMdoc *doc, const AMobjId *obj) {
  return AMmapRange(doc, obj, no_span, no_span, NULL);
}

AMresult *fs_map_delete(AMdoc *doc, const AMobjId *obj, const uint8_t *key, size_t n) {
  return AMmapDelete(doc, obj, span(key, n));
}

AMresult *fs_map_increment(AMdoc *doc, const AMobjId *obj, const uint8_t *key, size_t n, int64_t by) {
  return AMmapIncrement(doc, obj, span(key, n), by);
}

AMresult *fs_splice_text(AMdoc *doc, const AMobjId *obj, size_t pos, size_t del, const uint8_t *src, size_t count) {
  return AMspliceText(doc, obj, pos, (ptrdiff_t)del, span(src, count));
}

AMresult *fs_map_put(AMdoc *doc, const AMobjId *obj, const uint8_t *key, size_t n,
                     AMvalType type, AMobjType obj_type, int64_t num, double f64, const uint8_t *src, size_t count) {
  AMbyteSpan k = span(key, n);
  switch (type) {
  case AM_VAL_TYPE_NULL:
    return AMmapPutNull(doc, obj, k);
  case AM_VAL_TYPE_BOOL:
    return AMmapPutBool(doc, obj, k, num != 0);
  case AM_VAL_TYPE_INT:
    return AMmapPutInt(doc, obj, k, num);
  case AM_VAL_TYPE_UINT:
    return AMmapPutUint(doc, obj, k, (uint64_t)num);
  case AM_VAL_TYPE_COUNTER:
    return AMmapPutCounter(doc, obj, k, num);
  case AM_VAL_TYPE_TIMESTAMP:
    return AMmapPutTimestamp(doc, obj, k, num);
  case AM_VAL_TYPE_F64:
    return AMmapPutF64(doc, obj, k, f64);
  case AM_VAL_TYPE_STR:
    return AMmapPutStr(doc, obj, k, span(src, count));
  case AM_VAL_TYPE_BYTES:
    return AMmapPutBytes(doc, obj, k, span(src, count));
  case AM_VAL_TYPE_OBJ_TYPE:
    return AMmapPutObject(doc, obj, k, obj_type);
  }
  return NULL;
}

AMresult *fs_list_put(AMdoc *doc, const AMobjId *obj, size_t pos, bool insert,
                      AMvalType type, AMobjType obj_type, int64_t num, double f64, const uint8_t *src, size_t count) {
  switch (type) {
  case AM_VAL_TYPE_NULL:
    return AMlistPutNull(doc, obj, pos, insert);
  case AM_VAL_TYPE_BOOL:
    return AMlistPutBool(doc, obj, pos, insert, num != 0);
  case AM_VAL_TYPE_INT:
    return AMlistPutInt(doc, obj, pos, insert, num);
  case AM_VAL_TYPE_UINT:
    return AMlistPutUint(doc, obj, pos, insert, (uint64_t)num);
  case AM_VAL_TYPE_COUNTER:
    return AMlistPutCounter(doc, obj, pos, insert, num);
  case AM_VAL_TYPE_TIMESTAMP:
    return AMlistPutTimestamp(doc, obj, pos, insert, num);
  case AM_VAL_TYPE_F64:
    return AMlistPutF64(doc, obj, pos, insert, f64);
  case AM_VAL_TYPE_STR:
    return AMlistPutStr(doc, obj, pos, insert, span(src, count));
  case AM_VAL_TYPE_BYTES:
    return AMlistPutBytes(doc, obj, pos, insert, span(src, count));
  case AM_VAL_TYPE_OBJ_TYPE:
    return AMlistPutObject(doc, obj, pos, insert, obj_type);
  }
  return NULL;
}
