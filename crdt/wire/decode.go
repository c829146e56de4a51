package wire

import "fieldsync/crdt"

// Decode reads one frame: a whole binary WebSocket message.
//
// The Data of a Sync or an Ephemeral is part of the input, which must stay unchanged as long as the frame is used; all
// else is copied. What is allocated is a small multiple of the input at most. The error is a *crdt.Error: KindTooLarge where the
// frame is over a limit of this package, else KindInvalid. After either the connection has to be closed (CloseFor).
func Decode(data []byte) (Frame, error) { return decode(nil, data) }

func decode(c *Codec, data []byte) (Frame, error) {
	var in fields
	if err := in.scan(data); err != nil {
		return nil, err
	}
	typ, err := in.text(fieldType, MaxTypeName)
	if err != nil {
		return nil, err
	}
	d := decoder{fields: &in, codec: c}
	switch string(typ) {
	case "sync":
		return d.sync(false)
	case "request":
		return d.sync(true)
	case "ephemeral":
		return d.ephemeral()
	case "doc-unavailable":
		doc, route, err := d.document()
		return done(DocUnavailable{Doc: doc, Sender: route.sender, Target: route.target}, err)
	case "join":
		return d.join()
	case "peer":
		return d.peer()
	case "leave":
		route, err := d.route(true)
		return done(Leave{Sender: route.sender}, err)
	case "error":
		return d.failure()
	case "remote-subscription-change":
		return d.subscriptions()
	case "remote-heads-changed":
		return d.remoteHeads()
	case typeRefused:
		return d.refused()
	case typeCatchUp:
		return d.catchUp()
	case typeBundle:
		return d.bundle()
	case "":
		return nil, missing(fieldType)
	}
	return Unknown{Type: string(typ)}, nil
}

// done gives the frame, or nil beside an error.
func done(f Frame, err error) (Frame, error) {
	if err != nil {
		return nil, err
	}
	return f, nil
}

// decoder is the second pass: it reads the fields as the frame's type wants them.
type decoder struct {
	*fields
	codec *Codec // may be nil
}

type route struct{ sender, target crdt.PeerID }

// route reads who sends a frame to whom. JavaScript peers do not look at targetId, so it may be missing.
func (d *decoder) route(needSender bool) (route, error) {
	sender, err := d.text(fieldSender, crdt.MaxPeerID)
	if err != nil {
		return route{}, err
	}
	if len(sender) == 0 && needSender {
		return route{}, missing(fieldSender)
	}
	target, err := d.text(fieldTarget, crdt.MaxPeerID)
	if err != nil {
		return route{}, err
	}
	if d.codec == nil {
		return route{crdt.PeerID(sender), crdt.PeerID(target)}, nil
	}
	return route{peerID(&d.codec.sender, sender), peerID(&d.codec.target, target)}, nil
}

// document reads the document and the route of a frame about a document.
func (d *decoder) document() (crdt.DocID, route, error) {
	doc, err := d.doc()
	if err != nil {
		return doc, route{}, err
	}
	to, err := d.route(true)
	return doc, to, err
}

// doc reads documentId: text in base58check or a legacy UUID, or 16 bytes, which samod takes too.
func (d *decoder) doc() (crdt.DocID, error) {
	var id crdt.DocID
	r, ok := d.value(fieldDoc)
	if !ok {
		return id, missing(fieldDoc)
	}
	if r.b[r.pos]>>5 == majorText {
		text, err := r.text(64, names[fieldDoc])
		if err != nil {
			return id, err
		}
		return d.codec.parseDoc(text)
	}
	raw, err := r.bytes(len(id), names[fieldDoc])
	if err != nil {
		return id, err
	}
	if len(raw) != len(id) {
		return id, crdt.Errorf(crdt.KindInvalid, "wire: documentId holds %d bytes, not 16", len(raw))
	}
	return crdt.DocID(raw), nil
}

func (d *decoder) sync(request bool) (Frame, error) {
	doc, to, err := d.document()
	if err != nil {
		return nil, err
	}
	data, err := d.payload(fieldData, MaxFrame)
	if err != nil {
		return nil, err
	}
	return Sync{Request: request, Doc: doc, Sender: to.sender, Target: to.target, Data: data}, nil
}

func (d *decoder) ephemeral() (Frame, error) {
	doc, to, err := d.document()
	if err != nil {
		return nil, err
	}
	r, ok := d.value(fieldCount)
	if !ok {
		return nil, missing(fieldCount)
	}
	count, err := r.number(false, names[fieldCount])
	if err != nil {
		return nil, err
	}
	session, err := d.text(fieldSession, MaxSessionID)
	if err != nil {
		return nil, err
	}
	if len(session) == 0 {
		return nil, missing(fieldSession)
	}
	data, err := d.payload(fieldData, MaxEphemeral)
	if err != nil {
		return nil, err
	}
	return Ephemeral{Doc: doc, Sender: to.sender, Target: to.target, Count: count, Session: string(session), Data: data}, nil
}

func (d *decoder) failure() (Frame, error) {
	to, err := d.route(false)
	if err != nil {
		return nil, err
	}
	text, err := d.text(fieldMessage, MaxMessage)
	return done(Error{Message: string(text), Sender: to.sender, Target: to.target}, err)
}

// greeting reads what a join and its answer have in common.
func (d *decoder) greeting() (route, PeerMetadata, error) {
	to, err := d.route(true)
	if err != nil {
		return route{}, PeerMetadata{}, err
	}
	meta, err := d.metadata()
	return to, meta, err
}

func (d *decoder) join() (Frame, error) {
	to, meta, err := d.greeting()
	if err != nil {
		return nil, err
	}
	join := Join{Sender: to.sender, Metadata: meta, Versions: []string{ProtocolVersion}}
	if r, ok := d.value(fieldVersions); ok {
		join.Versions, err = readTexts[string](&r, MaxVersions, MaxVersionName, names[fieldVersions])
	}
	return done(join, err)
}

func (d *decoder) peer() (Frame, error) {
	to, meta, err := d.greeting()
	if err != nil {
		return nil, err
	}
	version, err := d.text(fieldVersion, MaxVersionName)
	if version == nil {
		version = []byte(ProtocolVersion)
	}
	return done(Peer{Sender: to.sender, Target: to.target, Version: string(version), Metadata: meta}, err)
}

// metadata reads peerMetadata, or what samod calls metadata where that is absent.
func (d *decoder) metadata() (PeerMetadata, error) {
	var m PeerMetadata
	r, ok := d.value(fieldPeerMetadata)
	if !ok {
		if r, ok = d.value(fieldMetadata); !ok {
			return m, nil
		}
	}
	it, err := r.enter(majorMap, MaxFields, names[fieldPeerMetadata])
	if err != nil {
		return m, err
	}
	var seen [3]bool
	once := func(i int) error {
		if seen[i] {
			return crdt.Errorf(crdt.KindInvalid, "wire: a key of peerMetadata comes twice")
		}
		seen[i] = true
		return nil
	}
	for n := 0; ; n++ {
		if more, err := r.next(&it); err != nil || !more {
			return m, err
		}
		if n == MaxFields {
			return m, tooLong(names[fieldPeerMetadata], MaxFields)
		}
		start := r.pos
		if err := r.skip(MaxDepth); err != nil {
			return m, err
		}
		k := reader{b: r.b[:r.pos], pos: start}
		key, _ := k.text(MaxFrame, "a key") // a key of another kind is none of ours
		value := reader{b: r.b, pos: r.pos}
		if err := r.skip(MaxDepth); err != nil {
			return m, err
		}
		absent := r.b[value.pos] == cborNull || r.b[value.pos] == cborUndefined
		switch string(key) {
		case "storageId":
			if err = once(0); err == nil && !absent {
				var id []byte
				id, err = value.text(MaxStorageID, "storageId")
				m.StorageID = crdt.StorageID(id)
			}
		case "isEphemeral":
			if err = once(1); err == nil && !absent {
				var is bool
				is, err = value.boolean("isEphemeral")
				m.Ephemeral = &is
			}
		case "fieldsync":
			if err = once(2); err == nil && !absent {
				var version uint64
				version, err = value.number(false, "fieldsync")
				m.Fieldsync = int(version)
			}
		}
		if err != nil {
			return m, err
		}
	}
}

func (d *decoder) subscriptions() (Frame, error) {
	to, err := d.route(true)
	if err != nil {
		return nil, err
	}
	f := RemoteSubscriptionChange{Sender: to.sender, Target: to.target}
	if r, ok := d.value(fieldAdd); ok {
		if f.Add, err = readTexts[crdt.StorageID](&r, MaxSubscriptions, MaxStorageID, names[fieldAdd]); err != nil {
			return nil, err
		}
	}
	if r, ok := d.value(fieldRemove); ok {
		f.Remove, err = readTexts[crdt.StorageID](&r, MaxSubscriptions, MaxStorageID, names[fieldRemove])
	}
	return done(f, err)
}

func (d *decoder) remoteHeads() (Frame, error) {
	doc, to, err := d.document()
	if err != nil {
		return nil, err
	}
	f := RemoteHeadsChanged{Doc: doc, Sender: to.sender, Target: to.target, NewHeads: map[crdt.StorageID]RemoteHeads{}}
	r, ok := d.value(fieldNewHeads)
	if !ok {
		return f, nil
	}
	it, err := r.enter(majorMap, MaxRemoteStorages, names[fieldNewHeads])
	if err != nil {
		return nil, err
	}
	budget := MaxRemoteHeads
	for {
		if more, err := r.next(&it); err != nil || !more {
			return done(f, err)
		}
		if len(f.NewHeads) == MaxRemoteStorages {
			return nil, tooLong(names[fieldNewHeads], MaxRemoteStorages)
		}
		id, err := r.text(MaxStorageID, "a storage id of newHeads")
		if err != nil {
			return nil, err
		}
		if _, twice := f.NewHeads[crdt.StorageID(id)]; twice {
			return nil, crdt.Errorf(crdt.KindInvalid, "wire: a storage id of newHeads comes twice")
		}
		heads, err := r.headsOfStorage(&budget)
		if err != nil {
			return nil, err
		}
		f.NewHeads[crdt.StorageID(id)] = heads
	}
}

// headsOfStorage reads {heads, timestamp}. budget is how many heads the frame may still name.
func (r *reader) headsOfStorage(budget *int) (RemoteHeads, error) {
	var out RemoteHeads
	it, err := r.enter(majorMap, MaxFields, "newHeads")
	if err != nil {
		return out, err
	}
	var seenHeads, seenTime bool
	for n := 0; ; n++ {
		if more, err := r.next(&it); err != nil || !more {
			return out, err
		}
		if n == MaxFields {
			return out, tooLong("newHeads", MaxFields)
		}
		key, err := r.text(MaxFrame, "a key of newHeads")
		if err != nil {
			return out, err
		}
		switch string(key) {
		case "heads":
			if seenHeads {
				return out, crdt.Errorf(crdt.KindInvalid, "wire: heads comes twice")
			}
			seenHeads = true
			texts, err := readTexts[string](r, *budget, 64, "heads")
			if err != nil {
				return out, err
			}
			*budget -= len(texts)
			hashes := make([]crdt.Hash, len(texts))
			for i, text := range texts {
				if hashes[i], err = crdt.ParseHead(text); err != nil {
					return out, err
				}
			}
			out.Heads = crdt.NewHeads(hashes...)
		case "timestamp":
			if seenTime {
				return out, crdt.Errorf(crdt.KindInvalid, "wire: timestamp comes twice")
			}
			seenTime = true
			if out.Timestamp, err = r.number(true, "timestamp"); err != nil {
				return out, err
			}
		default:
			if err := r.skip(MaxDepth); err != nil {
				return out, err
			}
		}
	}
}

// readTexts reads an array of at most maxCount texts of at most maxLen bytes.
func readTexts[T ~string](r *reader, maxCount, maxLen int, what string) ([]T, error) {
	it, err := r.enter(majorArray, maxCount, what)
	if err != nil {
		return nil, err
	}
	out := make([]T, 0, it.left)
	for {
		more, err := r.next(&it)
		if err != nil || !more {
			return out, err
		}
		if len(out) == maxCount {
			return nil, tooLong(what, maxCount)
		}
		text, err := r.text(maxLen, what)
		if err != nil {
			return nil, err
		}
		out = append(out, T(text))
	}
}
