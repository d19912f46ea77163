namespace BlazeGateway.Policies.Inference;

/// <summary>
/// An error the gateway itself answers with: one code, one status, one sentence. Messages never hold addresses, exception text, keys or prompts.
/// </summary>
/// <param name="Code">Stable name, also sent as <c>X-Blaze-Error</c>.</param>
/// <param name="Status">HTTP status code.</param>
/// <param name="Type">Type in OpenAI's dialect.</param>
/// <param name="Message">Sentence for the client.</param>
internal sealed record GatewayError(string Code, int Status, string Type, string Message)
{
    private const string Request = "invalid_request_error";
    private const string Server = "server_error";

    private static readonly List<GatewayError> _all = [];

    public static GatewayError MalformedJson { get; } = Add("malformed_json", 400, Request, "The request body is not valid JSON in UTF-8.");

    public static GatewayError JsonTooDeep { get; } = Add("json_too_deep", 400, Request, "The request body nests deeper than 64 levels.");

    public static GatewayError ModelMissing { get; } = Add("model_missing", 400, Request, "The request body must name a model: a string in the member 'model'.");

    public static GatewayError AmbiguousModel { get; } = Add(
        "ambiguous_model", 400, Request, "The request body can be read in more than one way; each member may appear once, in lower case and with its own type.");

    public static GatewayError AmbiguousFraming { get; } = Add("ambiguous_framing", 400, Request, "The length of the request body is given in more than one way.");

    public static GatewayError InvalidHeader { get; } = Add("invalid_header", 400, Request, "A request header holds characters that are not allowed.");

    public static GatewayError InvalidPath { get; } = Add("invalid_path", 400, Request, "The request path holds characters or segments that are not allowed.");

    public static GatewayError AmbiguousApiKey { get; } = Add("ambiguous_api_key", 400, Request, "The request carries more than one API key; send one.");

    public static GatewayError MissingApiKey { get; } = Add(
        "missing_api_key", 401, "authentication_error", "An API key is required; send it as Authorization: Bearer, x-api-key or api-key.");

    public static GatewayError InvalidApiKey { get; } = Add("invalid_api_key", 401, "authentication_error", "The API key is not valid.");

    public static GatewayError ModelNotAllowed { get; } = Add("model_not_allowed", 403, "permission_error", "This client may not use this model.");

    public static GatewayError PathNotAllowed { get; } = Add("path_not_allowed", 403, "permission_error", "This path manages model servers and is not open to clients.");

    public static GatewayError ModelNotFound { get; } = Add("model_not_found", 404, Request, "The model does not exist.");

    public static GatewayError RouteNotFound { get; } = Add("route_not_found", 404, Request, "No route matches this request.");

    public static GatewayError MethodNotAllowed { get; } = Add("method_not_allowed", 405, Request, "This method is not allowed.");

    public static GatewayError RequestTimeout { get; } = Add("request_timeout", 408, Request, "The request body did not arrive in time.");

    public static GatewayError PayloadTooLarge { get; } = Add("payload_too_large", 413, Request, "The request body is larger than this route allows.");

    public static GatewayError UnsupportedEncoding { get; } = Add("unsupported_encoding", 415, Request, "Send the request body without Content-Encoding.");

    public static GatewayError HostNotAllowed { get; } = Add("host_not_allowed", 421, Request, "This host name is not served here.");

    public static GatewayError RateLimitExceeded { get; } = Add("rate_limit_exceeded", 429, "rate_limit_error", "Too many requests. Retry after the time given.");

    public static GatewayError UpstreamRateLimited { get; } = Add(
        "upstream_rate_limited", 429, "rate_limit_error", "Every model server is limiting its rate. Retry after the time given.");

    /// <summary>The client left. Nobody is told; it stands in the access log.</summary>
    public static GatewayError ClientClosedRequest { get; } = Add("client_closed_request", 499, Request, "The client left before its answer was complete.");

    public static GatewayError InternalError { get; } = Add("internal_error", 500, Server, "The gateway failed. This is a fault of the gateway.");

    public static GatewayError UpstreamConnectFailed { get; } = Add("upstream_connect_failed", 502, Server, "The model server could not be reached.");

    public static GatewayError UpstreamTlsFailed { get; } = Add(
        "upstream_tls_failed", 502, Server, "No trusted connection to the model server: its certificate or the gateway's was refused.");

    public static GatewayError UpstreamReset { get; } = Add("upstream_reset", 502, Server, "The upstream stream ended unexpectedly.");

    public static GatewayError UpstreamProtocolError { get; } = Add("upstream_protocol_error", 502, Server, "The model server's answer broke the protocol.");

    public static GatewayError UpstreamErrorEvent { get; } = Add("upstream_error_event", 502, Server, "The model server's answer began with an error.");

    public static GatewayError PoisonRequest { get; } = Add("poison_request", 502, Server, "This request made model servers fail and is not tried again for now.");

    public static GatewayError NoHealthyBackend { get; } = Add("no_healthy_backend", 503, Server, "No model server is available. Retry after the time given.");

    /// <summary>The same for the client, who is told as much as helps; told apart in metrics and the log.</summary>
    public static GatewayError CircuitOpen { get; } = NoHealthyBackend with { Message = "No model server is available: the circuit of each is open. Retry after the time given." };

    public static GatewayError Overloaded { get; } = Add("overloaded", 503, Server, "The service is overloaded. Retry after the time given.");

    public static GatewayError QueueTimeout { get; } = Add("queue_timeout", 503, Server, "The request waited too long for a free model server.");

    public static GatewayError BufferExhausted { get; } = Add("buffer_exhausted", 503, Server, "Too many request bodies are being held. Retry after the time given.");

    public static GatewayError Draining { get; } = Add("draining", 503, Server, "The gateway is shutting down. Retry after the time given.");

    public static GatewayError GatewayShutdown { get; } = Add("gateway_shutdown", 503, Server, "The gateway shut down before the answer was complete.");

    public static GatewayError LimiterUnavailable { get; } = Add("limiter_unavailable", 503, Server, "Limits cannot be checked now. Retry after the time given.");

    public static GatewayError UpstreamTimeout { get; } = Add("upstream_timeout", 504, Server, "The model server did not answer in time.");

    public static GatewayError UpstreamStall { get; } = Add("upstream_stall", 504, Server, "The model server stopped sending before the answer was complete.");

    /// <summary>Every error, in the order of the documentation.</summary>
    public static IReadOnlyList<GatewayError> All => _all;

    /// <summary>Whether the answer carries <c>Retry-After</c>.</summary>
    public bool WantsRetryAfter => Status is 429 or 503;

    /// <summary>Type in Anthropic's dialect, by status.</summary>
    public string AnthropicType => Status switch
    {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 => "overloaded_error",
        504 => "timeout_error",
        >= 500 => "api_error",
        _ => Request,
    };

    private static GatewayError Add(string code, int status, string type, string message)
    {
        var error = new GatewayError(code, status, type, message);
        _all.Add(error);
        return error;
    }
}
