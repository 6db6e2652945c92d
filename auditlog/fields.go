package auditlog

import "slices"

// user reads a user and says whether there is one.
func (d *decoder) user(o *object, u *User) bool {
	*u = User{Groups: u.Groups[:0], Extra: u.Extra[:0]}
	if !d.enter(o, "user") {
		return false
	}
	for key, more := d.member(o); more; key, more = d.member(o) {
		switch string(key) {
		case "username":
			u.Name = d.text(o, "user.username")
		case "uid":
			u.UID = d.text(o, "user.uid")
		case "groups":
			u.Groups = d.texts(o, u.Groups[:0], "user.groups")
		case "extra":
			if d.options.Extra || u == &d.event.impersonated {
				d.extra(o, u)
			} else {
				o.Skip()
			}
		default:
			o.Skip()
		}
	}
	return true
}

func (d *decoder) extra(o *object, u *User) {
	u.Extra = u.Extra[:0]
	if !d.enter(o, "user.extra") {
		return
	}
	for key, more := d.member(o); more; key, more = d.member(o) {
		x := Extra{Key: d.names.Intern(key)}
		x.Values = d.texts(o, nil, "user.extra")
		u.Extra = slices.DeleteFunc(u.Extra, func(old Extra) bool { return old.Key == x.Key })
		u.Extra = append(u.Extra, x)
	}
}

func (d *decoder) authentication(o *object) {
	d.event.Constraint = ""
	if !d.enter(o, "authenticationMetadata") {
		return
	}
	for key, more := d.member(o); more; key, more = d.member(o) {
		if string(key) == "impersonationConstraint" {
			d.event.Constraint = d.text(o, "impersonationConstraint")
		} else {
			o.Skip()
		}
	}
}

func (d *decoder) objectRef(o *object) {
	ref := &d.event.Object
	*ref = ObjectRef{}
	if !d.enter(o, "objectRef") {
		return
	}
	for key, more := d.member(o); more; key, more = d.member(o) {
		switch string(key) {
		case "resource":
			ref.Resource = d.text(o, "objectRef.resource")
		case "namespace":
			ref.Namespace = d.text(o, "objectRef.namespace")
		case "name":
			ref.Name = d.text(o, "objectRef.name")
		case "apiGroup":
			ref.APIGroup = d.text(o, "objectRef.apiGroup")
		case "apiVersion":
			ref.APIVersion = d.text(o, "objectRef.apiVersion")
		case "subresource":
			ref.Subresource = d.text(o, "objectRef.subresource")
		default:
			o.Skip()
		}
	}
}

func (d *decoder) status(o *object) {
	d.event.Code = 0
	if !d.enter(o, "responseStatus") {
		return
	}
	for key, more := d.member(o); more; key, more = d.member(o) {
		if string(key) == "code" {
			d.event.Code = statusCode(o.Value())
		} else {
			o.Skip()
		}
	}
}

// statusCode reads a whole number of at most nine digits; anything else is 0.
func statusCode(raw []byte) int {
	n := 0
	for _, c := range raw {
		if c-'0' > 9 || len(raw) > 9 {
			return 0
		}
		n = n*10 + int(c-'0')
	}
	return n
}

func (d *decoder) annotations(o *object) {
	e := &d.event
	e.Annotations = e.Annotations[:0]
	if !d.enter(o, "annotations") {
		return
	}
	for key, more := d.member(o); more; key, more = d.member(o) {
		name := d.names.Intern(key)
		value := d.loose(o)
		i := slices.IndexFunc(e.Annotations, func(a Annotation) bool { return a.Key == name })
		if i < 0 {
			e.Annotations = append(e.Annotations, Annotation{Key: name, Value: value})
		} else {
			e.Annotations[i].Value = value // a repeated key: the last one counts
		}
	}
}
