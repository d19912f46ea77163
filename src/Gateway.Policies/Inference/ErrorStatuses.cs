namespace BlazeGateway.Policies.Inference;

/// <summary>Status codes of the error names that model servers send inside answers.</summary>
internal static class ErrorStatuses
{
    private static readonly Dictionary<string, int> _byName = new(StringComparer.OrdinalIgnoreCase)
    {
        ["invalid_request_error"] = 400,
        ["BadRequestError"] = 400,
        ["bad_request"] = 400,
        ["context_length_exceeded"] = 400,
        ["exceed_context_size_error"] = 400,
        ["invalid_prompt"] = 400,
        ["authentication_error"] = 401,
        ["invalid_api_key"] = 401,
        ["billing_error"] = 402,
        ["permission_error"] = 403,
        ["not_found_error"] = 404,
        ["NotFoundError"] = 404,
        ["model_not_found"] = 404,
        ["request_too_large"] = 413,
        ["rate_limit_error"] = 429,
        ["rate_limit_exceeded"] = 429,
        ["insufficient_quota"] = 429,
        ["api_error"] = 500,
        ["server_error"] = 500,
        ["internal_error"] = 500,
        ["InternalServerError"] = 500,
        ["not_supported_error"] = 501,
        ["bad_gateway"] = 502,
        ["service_unavailable"] = 503,
        ["ServiceUnavailableError"] = 503,
        ["unavailable_error"] = 503,
        ["overloaded"] = 503,
        ["timeout_error"] = 504,
        ["overloaded_error"] = 529,
    };

    private static readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup = _byName.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Status of a name or of three digits, 0 when it says nothing.</summary>
    public static int Of(ReadOnlySpan<byte> name)
    {
        Span<char> text = stackalloc char[32];
        if (name.Length > text.Length)
        {
            return 0;
        }

        System.Text.Encoding.Latin1.GetChars(name, text);
        text = text[..name.Length];
        return _lookup.TryGetValue(text, out var status) || (int.TryParse(text, out status) && status is >= 400 and <= 599) ? status : 0;
    }

    /// <summary>Whether another destination may do better: overload and faults of the server, not those of the request.</summary>
    public static bool IsServerFault(int status) => status >= 500;
}
