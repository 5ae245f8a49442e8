// Package reach lets the product call one server inside a customer's network without a port being opened there. An agent
// runs beside the server and only calls out: it takes requests for that one host from a queue, looks whether they are among those
// that it was told to allow, sends them, and queues the answers. The product's end is an http.RoundTripper.
//
// What is promised: requests and answers are sealed with a key that only the product and the agent have (AES-256-GCM), with everything that
// decides what becomes of them; a request is carried out once at most, whatever the queue doubles or an agent that was started again finds;
// nothing is begun after its deadline; what was not answered in time is unknown to the caller, as over a wire; and a refusal of the
// agent is told as such.
//
// Start with Road, the product's end, then Agent. Mail is what lies between; Office is one within a process, with Call as the agent's end
// of it over HTTP. The one on AWS is in internal/app/mailbox.
package reach
