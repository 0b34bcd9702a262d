// The simulation's registry, as `crane registry serve` is one, for those who know its password.
package main

import (
	"crypto/sha256"
	"crypto/subtle"
	"flag"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
)

const user = "sim"

func main() {
	address := flag.String("address", "", "loopback address and port")
	disk := flag.String("disk", "", "folder of the blobs")
	file := flag.String("password-file", "", "file with the password of user sim")
	flag.Parse()
	text, err := os.ReadFile(*file)
	if err != nil {
		log.Fatal(err)
	}
	password := strings.TrimSpace(string(text))
	if password == "" {
		log.Fatalf("%s is empty", *file)
	}
	server := &http.Server{
		Addr:              *address,
		Handler:           guarded(password, registry.New(registry.WithBlobHandler(registry.NewDiskBlobHandler(*disk)))),
		ReadHeaderTimeout: 5 * time.Second,
	}
	log.Fatal(server.ListenAndServe())
}

// guarded lets through who knows the password and, against DNS rebinding, asks for a loopback host by its address.
func guarded(password string, inner http.Handler) http.Handler {
	return http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		host, _, err := net.SplitHostPort(request.Host)
		if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
			http.Error(answer, "not a host of this registry", http.StatusMisdirectedRequest)
			return
		}
		name, given, _ := request.BasicAuth()
		if name != user || !same(given, password) {
			answer.Header().Set("WWW-Authenticate", `Basic realm="simulated cluster"`)
			http.Error(answer, "authentication required", http.StatusUnauthorized)
			return
		}
		inner.ServeHTTP(answer, request)
	})
}

// same takes the same time whatever differs.
func same(given, wanted string) bool {
	left, right := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(wanted))
	return subtle.ConstantTimeCompare(left[:], right[:]) == 1
}
