// Package attack finds how rights, workloads, nodes and secrets combine into more than was meant: a graph of footholds
// (what an attacker holds) and steps (what it lets him take next, by which technique, and what proves it).
//
// A step needs one foothold. Where a technique needs several rights, one identity must hold them all, its groups'
// rights included; rights spread over two stolen identities are not joined. So every path is real as far as the
// inventory shows, and a path that needs two accomplices is not found.
//
// Sets such as "any service account of namespace shop" are footholds too, so that the graph stays as small as the
// objects that it is made of; a Path shows the member that matters.
package attack
