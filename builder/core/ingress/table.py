"""What annotations mean, and how each controller is told the same: a table.

Checked against the controllers' documentation and code (docs/ingress.md names the versions). What
is not here was not found there. A form stands only where the values say exactly the same: all
others are for a person to decide.
"""

from builder.core.ingress.forms import Form
from builder.core.ingress.meanings import Meaning, Way


def _by(*keys: str, form: Form | None = None) -> Way:
    return Way(keys=keys, form=form)


def _instead(text: str, *keys: str) -> Way:
    """``keys`` have the meaning where they stand, but are not what another's value becomes."""
    return Way(keys=keys, instead=text)


_NGINX = "nginx.ingress.kubernetes.io/"
_HAPROXY = "haproxy-ingress.github.io/"
_ALB = "alb.ingress.kubernetes.io/"
_AGIC = "appgw.ingress.kubernetes.io/"
_ROUTER = "haproxy.router.openshift.io/"
_TRAEFIK_SERVICE = "traefik.ingress.kubernetes.io/service."
_MIDDLEWARES = "named in traefik.ingress.kubernetes.io/router.middlewares"
_POLICY = "a policy of the Gateway's implementation; the Gateway API itself has none"
_BACKEND_CONFIG = "in a BackendConfig, named in cloud.google.com/backend-config of the Service"
_PLUGIN = "a KongPlugin {}, named in konghq.com/plugins"
_F5_POLICY = "a Policy with {}, named in nginx.org/policies"
_WHOLE = "which bounds the whole answer, and not the wait for a part of it"

WHOLE_ANSWER = "how long a whole answer may take"

MEANINGS: tuple[Meaning, ...] = (
    Meaning(
        what="the largest size of a request",
        ways={
            "ingress-nginx": _by(f"{_NGINX}proxy-body-size", form="nginx-size"),
            "f5-nginx": _by("nginx.org/client-max-body-size", form="nginx-size"),
            "haproxy-ingress": _by(f"{_HAPROXY}proxy-body-size", form="haproxy-size"),
            "haproxy": _instead("nothing: without rules of its own, HAProxy limits no request"),
            "openshift": _instead("nothing: the router limits no request"),
            "contour": _instead("nothing: Envoy passes on requests of any size"),
            "aws-alb": _instead("nothing: the load balancer limits no request to a Pod"),
            "traefik": _instead(
                f"a Middleware with buffering.maxRequestBodyBytes, {_MIDDLEWARES}; "
                "without one, Traefik limits no request"
            ),
            "kong": _instead(_PLUGIN.format("request-size-limiting")),
            "gateway": _instead(_POLICY),
        },
    ),
    Meaning(
        what="the wait for the next part of an answer",
        ways={
            "ingress-nginx": _by(f"{_NGINX}proxy-read-timeout", form="seconds"),
            "f5-nginx": _by("nginx.org/proxy-read-timeout", form="duration"),
            "haproxy-ingress": _by(f"{_HAPROXY}timeout-server", form="duration"),
            "haproxy": _by("haproxy.org/timeout-server", "haproxy.com/timeout-server",
                           form="duration"),
            "openshift": _by(f"{_ROUTER}timeout", form="duration"),
            "traefik": _instead(
                "a ServersTransport with forwardingTimeouts.responseHeaderTimeout, named in "
                f"{_TRAEFIK_SERVICE}serverstransport of the Service"
            ),
            "contour": _instead(f"projectcontour.io/response-timeout, {_WHOLE}"),
            "aws-alb": _instead(
                f"{_ALB}load-balancer-attributes: idle_timeout.timeout_seconds=SECONDS"
            ),
            "azure-agic": _instead(f"{_AGIC}request-timeout, {_WHOLE}"),
            "gce": _instead(f"timeoutSec {_BACKEND_CONFIG}"),
            "kong": _instead("konghq.com/read-timeout of the Service, in milliseconds"),
            "cilium": _instead(f"ingress.cilium.io/request-timeout, {_WHOLE}"),
            "gateway": _instead(f"timeouts.request of the HTTPRoute's rules, {_WHOLE}"),
        },
    ),
    Meaning(
        what="the wait for the platform to take the next part of a request",
        ways={
            "ingress-nginx": _by(f"{_NGINX}proxy-send-timeout", form="seconds"),
            "f5-nginx": _by("nginx.org/proxy-send-timeout", form="duration"),
            "haproxy-ingress": _instead(f"{_HAPROXY}timeout-server, which counts both ways"),
            "haproxy": _instead("haproxy.org/timeout-server, which counts both ways"),
            "openshift": _instead(f"{_ROUTER}timeout, which counts both ways"),
            "aws-alb": _instead(
                f"{_ALB}load-balancer-attributes: idle_timeout.timeout_seconds=SECONDS"
            ),
            "kong": _instead("konghq.com/write-timeout of the Service, in milliseconds"),
            "gateway": _instead(f"timeouts.request of the HTTPRoute's rules, {_WHOLE}"),
        },
    ),
    Meaning(
        what="the wait for a connection to the platform",
        ways={
            "ingress-nginx": _by(f"{_NGINX}proxy-connect-timeout", form="seconds"),
            "f5-nginx": _by("nginx.org/proxy-connect-timeout", form="duration"),
            "haproxy-ingress": _by(f"{_HAPROXY}timeout-connect", form="duration"),
            "haproxy": _instead("timeout-connect in the controller's ConfigMap"),
            "traefik": _instead(
                "a ServersTransport with forwardingTimeouts.dialTimeout, named in "
                f"{_TRAEFIK_SERVICE}serverstransport of the Service"
            ),
            "kong": _instead("konghq.com/connect-timeout of the Service, in milliseconds"),
            "gateway": _instead(_POLICY),
        },
    ),
    Meaning(
        what=WHOLE_ANSWER,
        ways={
            "contour": _by("projectcontour.io/response-timeout", form="duration"),
            "azure-agic": _by(f"{_AGIC}request-timeout", form="seconds"),
            "cilium": _by("ingress.cilium.io/request-timeout", form="duration"),
            "gateway": _instead("timeouts.request of the HTTPRoute's rules"),
        },
    ),
    Meaning(
        what="that HTTP is sent on to HTTPS, where TLS is set",
        ways={
            "ingress-nginx": _by(f"{_NGINX}ssl-redirect", form="truth"),
            "f5-nginx": _by("nginx.org/ssl-redirect", form="truth"),
            "haproxy-ingress": _by(f"{_HAPROXY}ssl-redirect", form="truth"),
            "haproxy": _by("haproxy.org/ssl-redirect", "haproxy.com/ssl-redirect", form="truth"),
            "azure-agic": _by(f"{_AGIC}ssl-redirect", form="truth"),
            "traefik": _instead(
                f"a Middleware with redirectScheme, {_MIDDLEWARES}, or redirections of the "
                "entry point"
            ),
            "contour": _instead(
                'ingress.kubernetes.io/force-ssl-redirect: "true"',
                "ingress.kubernetes.io/force-ssl-redirect",
            ),
            "aws-alb": _instead(f'{_ALB}ssl-redirect: "443"', f"{_ALB}ssl-redirect"),
            "gce": _instead(
                "redirectToHttps in a FrontendConfig, named in "
                "networking.gke.io/v1beta1.FrontendConfig"
            ),
            "openshift": _instead("nothing: Routes made from an Ingress with TLS redirect"),
            "kong": _instead('konghq.com/protocols: "https"', "konghq.com/protocols"),
            "cilium": _instead(
                "ingress.cilium.io/force-https: enabled", "ingress.cilium.io/force-https"
            ),
            "gateway": _instead(
                "an HTTPRoute with a RequestRedirect filter on the Gateway's HTTP listener"
            ),
        },
    ),
    Meaning(
        what="that HTTP is sent on to HTTPS, with TLS ended elsewhere too",
        ways={
            "ingress-nginx": _by(f"{_NGINX}force-ssl-redirect", form="truth"),
            "f5-nginx": _by("nginx.org/redirect-to-https", form="truth"),
            "gateway": _instead(
                "an HTTPRoute with a RequestRedirect filter on the Gateway's HTTP listener"
            ),
        },
    ),
    Meaning(
        what="the protocol that the platform is spoken to in",
        ways={
            "ingress-nginx": _by(f"{_NGINX}backend-protocol", form="protocol"),
            "haproxy-ingress": _by(f"{_HAPROXY}backend-protocol", form="haproxy-protocol"),
            "f5-nginx": _instead(
                "nginx.org/ssl-services or nginx.org/grpc-services, with the Services' names",
                "nginx.org/ssl-services", "nginx.org/grpc-services",
            ),
            "haproxy": _instead(
                'haproxy.org/server-ssl: "true" for HTTPS, haproxy.org/server-proto: h2 for gRPC',
                "haproxy.org/server-ssl", "haproxy.org/server-proto",
            ),
            "traefik": _instead(f"{_TRAEFIK_SERVICE}serversscheme of the Service"),
            "contour": _instead("projectcontour.io/upstream-protocol.tls, or .h2, of the Service"),
            "aws-alb": _instead(
                f"{_ALB}backend-protocol, and {_ALB}backend-protocol-version for gRPC",
                f"{_ALB}backend-protocol", f"{_ALB}backend-protocol-version",
            ),
            "azure-agic": _instead(
                f"{_AGIC}backend-protocol: http or https", f"{_AGIC}backend-protocol"
            ),
            "openshift": _instead(
                "route.openshift.io/termination: reencrypt", "route.openshift.io/termination"
            ),
            "gce": _instead("cloud.google.com/app-protocols of the Service"),
            "kong": _instead("konghq.com/protocol of the Service"),
            "gateway": _instead("appProtocol of the Service's port, or a BackendTLSPolicy"),
        },
    ),
    Meaning(
        what="which routes take WebSockets",
        ways={
            "f5-nginx": _by("nginx.org/websocket-services"),
            "contour": _by("projectcontour.io/websocket-routes"),
            "ingress-nginx": _instead("nothing: it takes them everywhere"),
            "traefik": _instead("nothing: it takes them everywhere"),
            "gateway": _instead("appProtocol: kubernetes.io/ws of the Service's port, if any"),
        },
    ),
    Meaning(
        what="whether answers are buffered",
        ways={
            "ingress-nginx": _by(f"{_NGINX}proxy-buffering", form="switch"),
            "f5-nginx": _by("nginx.org/proxy-buffering", form="truth"),
            "kong": _by("konghq.com/response-buffering", form="truth"),
            "traefik": _instead("nothing: it buffers answers by a Middleware alone"),
            "gateway": _instead(_POLICY),
        },
    ),
    Meaning(
        what="whether requests are buffered",
        ways={
            "ingress-nginx": _by(f"{_NGINX}proxy-request-buffering", form="switch"),
            "kong": _by("konghq.com/request-buffering", form="truth"),
            "traefik": _instead("nothing: it buffers requests by a Middleware alone"),
            "gateway": _instead(_POLICY),
        },
    ),
    Meaning(
        what="the addresses that may come in",
        ways={
            "ingress-nginx": _by(f"{_NGINX}whitelist-source-range", form="comma-cidrs"),
            "haproxy-ingress": _by(
                f"{_HAPROXY}allowlist-source-range", f"{_HAPROXY}whitelist-source-range",
                form="comma-cidrs",
            ),
            "haproxy": _by(
                "haproxy.org/allow-list", "haproxy.org/whitelist", "haproxy.com/allow-list",
                form="comma-cidrs",
            ),
            "aws-alb": _by(f"{_ALB}inbound-cidrs", form="comma-cidrs"),
            # Older routers read only the second name, newer ones both.
            "openshift": _by(f"{_ROUTER}ip_whitelist", f"{_ROUTER}ip_allowlist",
                             form="space-cidrs"),
            "f5-nginx": _instead(_F5_POLICY.format("accessControl")),
            "traefik": _instead(f"a Middleware with ipAllowList, {_MIDDLEWARES}"),
            "gce": _instead(f"securityPolicy (Cloud Armor) {_BACKEND_CONFIG}"),
            "kong": _instead(_PLUGIN.format("ip-restriction")),
            "gateway": _instead(_POLICY),
        },
    ),
    Meaning(
        what="another path for the platform",
        ways={
            "ingress-nginx": _by(f"{_NGINX}rewrite-target"),
            "f5-nginx": _by("nginx.org/rewrite-target", "nginx.org/rewrites"),
            "haproxy-ingress": _by(f"{_HAPROXY}rewrite-target"),
            "haproxy": _by("haproxy.org/path-rewrite", "haproxy.com/path-rewrite"),
            "openshift": _by(f"{_ROUTER}rewrite-target"),
            "azure-agic": _by(f"{_AGIC}backend-path-prefix"),
            "kong": _by("konghq.com/rewrite", "konghq.com/strip-path"),
            "aws-alb": _instead(f"{_ALB}transforms.SERVICE"),
            "traefik": _instead(f"a Middleware with replacePathRegex, {_MIDDLEWARES}"),
            "gateway": _instead("a URLRewrite filter in the HTTPRoute's rules"),
        },
    ),
    Meaning(
        # No forms: a half of it turned would let more origins in than the other half allowed.
        what="which other sites may call (CORS)",
        ways={
            "ingress-nginx": _by(*(
                f"{_NGINX}{key}"
                for key in ("enable-cors", "cors-allow-origin", "cors-allow-methods",
                            "cors-allow-headers", "cors-expose-headers", "cors-allow-credentials",
                            "cors-max-age")
            )),
            "haproxy-ingress": _by(*(
                f"{_HAPROXY}{key}"
                for key in ("cors-enable", "cors-allow-origin", "cors-allow-methods",
                            "cors-allow-headers", "cors-expose-headers", "cors-allow-credentials",
                            "cors-max-age")
            )),
            "haproxy": _by(*(
                f"haproxy.org/{key}"
                for key in ("cors-enable", "cors-allow-origin", "cors-allow-methods",
                            "cors-allow-headers", "cors-allow-credentials", "cors-max-age")
            )),
            "f5-nginx": _instead(_F5_POLICY.format("cors")),
            "traefik": _instead(f"a Middleware with headers.accessControlAllow..., {_MIDDLEWARES}"),
            "kong": _instead(_PLUGIN.format("cors")),
            "gateway": _instead("a CORS filter in the HTTPRoute's rules, where there is one"),
        },
    ),
    Meaning(
        what="that a client stays with one Pod",
        ways={
            "ingress-nginx": _by(f"{_NGINX}affinity", form="affinity"),
            "haproxy-ingress": _by(f"{_HAPROXY}affinity", form="affinity"),
            "f5-nginx": _by(
                "nginx.org/sticky-cookie-services", "nginx.com/sticky-cookie-services"
            ),
            "haproxy": _instead("haproxy.org/cookie-persistence of the Service"),
            "traefik": _instead(f'{_TRAEFIK_SERVICE}sticky.cookie: "true" of the Service'),
            "aws-alb": _instead(
                f"{_ALB}target-group-attributes: stickiness.enabled=true,"
                "stickiness.lb_cookie.duration_seconds=SECONDS"
            ),
            "azure-agic": _instead(
                f'{_AGIC}cookie-based-affinity: "true"', f"{_AGIC}cookie-based-affinity"
            ),
            "openshift": _instead(
                f"nothing: the router does so, unless {_ROUTER}disable_cookies says otherwise",
                f"{_ROUTER}disable_cookies",
            ),
            "gce": _instead(f"sessionAffinity.affinityType {_BACKEND_CONFIG}"),
            "kong": _instead(
                "a KongUpstreamPolicy, named in konghq.com/upstream-policy of the Service"
            ),
            "gateway": _instead("sessionPersistence of the HTTPRoute's rules, an experiment"),
        },
    ),
    Meaning(
        what="the name of the cookie that keeps a client with one Pod",
        ways={
            "ingress-nginx": _by(f"{_NGINX}session-cookie-name"),
            "haproxy-ingress": _by(f"{_HAPROXY}session-cookie-name"),
            "openshift": _by("router.openshift.io/cookie_name"),
            "traefik": _instead(f"{_TRAEFIK_SERVICE}sticky.cookie.name of the Service"),
        },
    ),
    Meaning(
        what="whether the load balancer has an internal address",
        ways={
            "aws-alb": _by(f"{_ALB}scheme"),
            "azure-agic": _by(f"{_AGIC}use-private-ip"),
            "gce": _instead("the class gce-internal"),
            "gateway": _instead("the Gateway's class and infrastructure"),
        },
    ),
)  # fmt: skip
