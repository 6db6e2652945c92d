package identity

import "strings"

// arn is an IAM ARN taken apart: arn:PARTITION:iam::ACCOUNT:KIND/PATH/NAME.
type arn struct {
	partition, account, kind, path, name string
}

func parseARN(s string) (arn, bool) {
	parts := strings.SplitN(s, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "iam" && parts[2] != "sts" {
		return arn{}, false
	}
	kind, rest, _ := strings.Cut(parts[5], "/")
	a := arn{partition: parts[1], account: parts[4], kind: kind, name: rest}
	if slash := strings.LastIndexByte(rest, '/'); slash >= 0 {
		a.path, a.name = rest[:slash], rest[slash+1:]
	}
	return a, true
}

// accountOf is the AWS account of a user name that is an IAM ARN; "" for other names.
func accountOf(user string) string {
	a, ok := parseARN(user)
	if !ok {
		return ""
	}
	return a.account
}

// kindOfARN says what stands behind an IAM principal.
func kindOfARN(s string) Kind {
	if a, ok := parseARN(s); ok && (a.kind == "role" || a.kind == "assumed-role") {
		return Role
	}
	return Human
}

// defaultUser is the user name that EKS gives to a principal whose access entry has none: the ARN of a user, and for
// a role the ARN of its sessions, without the path.
func defaultUser(principal string) string {
	a, ok := parseARN(principal)
	if !ok || a.kind != "role" {
		return principal
	}
	return "arn:" + a.partition + ":sts::" + a.account + ":assumed-role/" + a.name + "/{{SessionName}}"
}
