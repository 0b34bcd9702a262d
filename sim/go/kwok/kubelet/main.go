// Serves what the API server asks of a kubelet (logs, exec, port-forward) for all nodes that kwok plays.
//
// kwok's own server asks nobody who they are, and runs any command of this machine. This one answers only to the API
// server's client certificate, and runs only the programs of one folder. What it knows of a pod stands in a file:
// PODS/NAMESPACE/NAME.json, which the simulation's agent writes.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"
)

const (
	idle     = time.Hour
	creating = 30 * time.Second
)

func main() {
	address := flag.String("address", "", "loopback address and port")
	certificate := flag.String("cert", "", "certificate of this server, and the only one that a client may show")
	key := flag.String("key", "", "its key")
	authority := flag.String("ca", "", "who signs clients' certificates")
	pods := pods{}
	flag.StringVar(&pods.folder, "pods", "", "folder of the pods' files")
	flag.StringVar(&pods.programs, "programs", "", "folder of the programs that exec may run")
	flag.StringVar(&pods.workDir, "workdir", "", "where they run")
	flag.Parse()
	config, err := mutualTLS(*certificate, *authority)
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{
		Addr:              *address,
		Handler:           pods.handler(),
		TLSConfig:         config,
		ReadHeaderTimeout: 10 * time.Second,
		// SPDY takes the connection over, which HTTP/2 does not allow.
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
	}
	log.Fatal(server.ListenAndServeTLS(*certificate, *key))
}

// mutualTLS refuses, in the handshake, every client but the one with the certificate in the file.
func mutualTLS(certificate, authority string) (*tls.Config, error) {
	known := x509.NewCertPool()
	signer, err := os.ReadFile(authority)
	if err != nil {
		return nil, err
	}
	if !known.AppendCertsFromPEM(signer) {
		return nil, fmt.Errorf("%s holds no certificate", authority)
	}
	only, err := readCertificate(certificate)
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		ClientAuth: tls.RequireAndVerifyClientCert,
		ClientCAs:  known,
		VerifyConnection: func(state tls.ConnectionState) error {
			if len(state.PeerCertificates) == 0 || !state.PeerCertificates[0].Equal(only) {
				return errors.New("the client's certificate is not the API server's")
			}
			return nil
		},
	}, nil
}

func readCertificate(file string) (*x509.Certificate, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s holds no certificate", file)
	}
	return x509.ParseCertificate(block.Bytes)
}
