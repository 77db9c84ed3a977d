// Command coredns is CoreDNS with the plugins that a cluster needs. With all of them, those for clouds too, it takes
// longer to build than Kubernetes itself.
package main

import (
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/forward"
	_ "github.com/coredns/coredns/plugin/health"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/ready"
)

func init() {
	// The order in which they see a query, which is none of the configuration's business.
	dnsserver.Directives = []string{"errors", "health", "ready", "kubernetes", "forward"}
}

func main() {
	coremain.Run()
}
