package notify

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// servicesFile is set in the environment of the process that is the push services of the benchmark; it names the file for their certificate.
const servicesFile = "NOTIFY_BENCH_SERVICES"

func TestMain(m *testing.M) {
	if file := os.Getenv(servicesFile); file != "" {
		if err := serveServices(file); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// serveServices takes whatever is pushed, by HTTP/2 over TLS, until its input ends. It says its port.
func serveServices(file string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	cert := x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true}
	for i := range byte(5) {
		cert.IPAddresses = append(cert.IPAddresses, net.IPv4(127, 0, 0, 1+i))
	}
	der, err := x509.CreateCertificate(rand.Reader, &cert, &cert, &key.PublicKey, key)
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		return err
	}
	// One port at five addresses of loopback, which are five services.
	var at []net.Listener
	port := "0"
	for i := range 5 {
		l, err := net.Listen("tcp", net.JoinHostPort(fmt.Sprintf("127.0.0.%d", 1+i), port)) //nolint:noctx // for as long as the process
		if err != nil {
			return err
		}
		if _, port, err = net.SplitHostPort(l.Addr().String()); err != nil {
			return err
		}
		at = append(at, l)
	}
	server := http.Server{ReadHeaderTimeout: time.Minute, TLSConfig: &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.WriteHeader(http.StatusCreated)
		})}
	for _, l := range at {
		go func() { _ = server.ServeTLS(l, "", "") }()
	}
	fmt.Println(port)
	_, _ = io.Copy(io.Discard, os.Stdin)
	return server.Close()
}

// startServices starts push services at 127.0.0.1 to 127.0.0.5, in a process of their own so that their work is not counted, and has this one trust them.
func startServices(b *testing.B) (port string, stop func()) {
	file := filepath.Join(b.TempDir(), "services.pem")
	cmd := exec.Command(os.Args[0]) //nolint:gosec,noctx // ourselves; it ends with its input
	cmd.Env, cmd.Stderr = append(os.Environ(), servicesFile+"="+file), os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	b.Setenv("SSL_CERT_FILE", file) // read when the first certificate is looked at
	return strings.TrimSpace(line), func() { _ = in.Close(); _ = cmd.Wait() }
}
