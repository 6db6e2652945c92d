package jmespath

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
)

// compare is one of the operators GreaterThan, GreaterThanOrEquals, LessThan and LessThanOrEquals: of numbers, and of texts
// that are durations, quantities, numbers or versions.
func (t *translation) compare(key, value node, sign string) string {
	if key.list != nil || value.list != nil || isComposite(key) || isComposite(value) || key.typ == Null || key.typ == Bool ||
		value.typ == Null || value.typ == Bool {
		return no
	}
	return t.named(key, value, func(k, v comparand) string {
		return or(and(k.number(), atom(t.compareNumber(k, v, sign))), and(k.text(), atom(t.compareText(k, v, sign))))
	})
}

func (t *translation) compareNumber(k, v comparand, sign string) string {
	if k.number() == no {
		return no
	}
	asNumbers := and(v.number(), "dyn("+k.v+") "+sign+" "+v.v)
	asDuration := k.secondsText() + " " + sign + " " + v.durationText()
	asText := no
	if v.decimal() != no {
		asText = and(v.decimal(), k.double()+" "+sign+" "+v.double())
	}
	return or(asNumbers, and(v.text(), atom(chooseIf(v.duration(), asDuration, asText))))
}

func (t *translation) compareText(k, v comparand, sign string) string {
	if k.text() == no {
		return no
	}
	areDurations := and(k.duration(), atom(or(v.duration(), v.number())))
	asDurations := k.durationText() + " " + sign + " " + chooseDuration(v)
	areQuantities := and(k.quantity(), v.quantity())
	asQuantities := "quantity(" + k.v + ").compareTo(quantity(" + v.v + ")) " + sign + " 0"
	asNumber := no
	if k.decimal() != no {
		asNumber = t.textAsNumber(k, v, sign)
	}
	asVersions := t.compareVersions(k, v, sign)
	rest := chooseIf(k.decimal(), asNumber, asVersions)
	rest = chooseIf(areQuantities, asQuantities, rest)
	return chooseIf(areDurations, asDurations, rest)
}

// textAsNumber compares the number that a text spells. Kyverno cuts off what is behind its point where the value is a duration.
func (t *translation) textAsNumber(k, v comparand, sign string) string {
	asNumbers := and(v.number(), k.double()+" "+sign+" "+v.double())
	asText := no
	if v.decimal() != no {
		asText = and(v.decimal(), k.double()+" "+sign+" "+v.double())
	}
	seconds := "duration(string(int(" + k.double() + ")) + \"s\") " + sign + " " + v.durationText()
	return or(asNumbers, and(v.text(), atom(chooseIf(v.duration(), seconds, asText))))
}

func chooseDuration(v comparand) string {
	return atom(choose(v.number(), v.secondsText(), v.durationText()))
}

// compareDurations is one of the operators DurationGreaterThan and so on.
func (t *translation) compareDurations(key, value node, sign string) string {
	if key.list != nil || value.list != nil || isComposite(key) || isComposite(value) {
		return no
	}
	valid := func(c comparand) string {
		if c.constant {
			switch v := c.literal.(type) {
			case float64:
				return yes
			case string:
				_, err := time.ParseDuration(v)
				return yesIf(err == nil)
			}
			return no
		}
		return or(c.number(), and(c.text(), c.v+".matches("+quote(allDurations)+")"))
	}
	amount := func(c comparand) string {
		if c.constant {
			if _, ok := c.literal.(float64); ok {
				return c.seconds(false)
			}
			if valid(c) == no {
				return `duration("0s")`
			}
			return c.seconds(true)
		}
		return atom(choose(c.number(), c.seconds(false), c.seconds(true)))
	}
	return t.named(key, value, func(k, v comparand) string {
		return and(atom(valid(k)), atom(valid(v)), amount(k)+" "+sign+" "+amount(v))
	})
}

var plainVersion = regexp.MustCompile(`^(0|[1-9][0-9]*)[.](0|[1-9][0-9]*)[.](0|[1-9][0-9]*)([+][0-9A-Za-z.-]+)?$`)

// otherVersion are versions with a prerelease, whose order is not translated.
const otherVersion = `^[0-9]+[.][0-9]+[.][0-9]+-.+$`

// compareVersions compares a text with a constant version of three numbers.
func (t *translation) compareVersions(k, v comparand, sign string) string {
	s, ok := v.literal.(string)
	if !v.constant || !ok {
		if v.constant || v.typ == Number {
			return no
		}
		isVersion := k.v + ".matches(\"^[0-9]+[.][0-9]+[.][0-9]+([-+].*)?$\")"
		return and(isVersion, v.text(), refusal("versions are compared with constants only")+" == true")
	}
	m := plainVersion.FindStringSubmatch(s)
	if m == nil {
		if regexp.MustCompile(otherVersion).MatchString(s) {
			panic(unsupported("comparison with version "+excerpt(s), "the order of prereleases is not translated"))
		}
		return no
	}
	part := func(i int) string {
		return "int(" + k.v + ".split(\"+\")[0].split(\".\")[" + strconv.Itoa(i) + "])"
	}
	text := part(2) + " " + sign + " " + m[3]
	for i := 1; i >= 0; i-- {
		text = choose(part(i)+" != "+m[i+1], part(i)+" "+strings.TrimSuffix(sign, "=")+" "+m[i+1], text)
	}
	return chooseIf(k.v+".matches("+quote(otherVersion)+")", refusal("a prerelease")+" == true",
		and(k.v+".matches("+quote(plainVersion.String())+")", atom(text)))
}

// within is the condition that a text is within a range, as Kyverno's patterns judge it.
func (t *translation) within(text, whole, low, high string) string {
	return t.holds(text, func(v string) string {
		return or(v+" == "+quote(whole), and(t.bounded(v, low, ">="), t.bounded(v, high, "<=")))
	})
}

// outside is the condition that a text is not within a range: not the opposite of within, because a text that cannot
// be compared is neither.
func (t *translation) outside(text, whole, low, high string) string {
	inverted := strings.Replace(whole, "-", "!-", 1)
	if !notInRange.MatchString(inverted) {
		panic(unsupported("range "+whole, "Kyverno turns it into something that is no range"))
	}
	return t.holds(text, func(v string) string {
		return or(v+" == "+quote(inverted), t.bounded(v, low, "<"), t.bounded(v, high, ">"))
	})
}

var notInRange = regexp.MustCompile(`^([-|\+]?\d+(?:\.\d+)?[A-Za-z]*)!-([-|\+]?\d+(?:\.\d+)?[A-Za-z]*)$`)

func (t *translation) bounded(v, bound, sign string) string {
	result := no
	if _, err := resource.ParseQuantity(bound); err == nil {
		result = and("isQuantity("+v+")", "quantity("+v+").compareTo(quantity("+quote(bound)+")) "+sign+" 0")
	}
	if _, err := time.ParseDuration(bound); err == nil {
		result = chooseIf(v+".matches("+quote(allDurations)+")", "duration("+v+") "+sign+" duration("+quote(bound)+")", result)
	}
	return atom(result)
}
