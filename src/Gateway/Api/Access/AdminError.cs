namespace BlazeGateway.Api.Access;

/// <summary>An error the admin plane answers with: one code, one status. The code is also the reason in metrics and the audit log.</summary>
/// <param name="Code">Stable name.</param>
/// <param name="Status">HTTP status code.</param>
internal sealed record AdminError(string Code, int Status)
{
    private static readonly List<AdminError> _all = [];

    public static AdminError InvalidPath { get; } = Add("invalid_path", 400);

    public static AdminError InvalidRequest { get; } = Add("invalid_request", 400);

    public static AdminError TokenMissing { get; } = Add("token_missing", 401);

    public static AdminError TokenInvalid { get; } = Add("token_invalid", 401);

    public static AdminError TokenExpired { get; } = Add("token_expired", 401);

    public static AdminError RoleTooLow { get; } = Add("role_too_low", 403);

    public static AdminError RoleUndeclared { get; } = Add("role_undeclared", 403);

    public static AdminError OriginNotAllowed { get; } = Add("origin_not_allowed", 403);

    public static AdminError PathNotFound { get; } = Add("path_not_found", 404);

    public static AdminError ClusterNotFound { get; } = Add("cluster_not_found", 404, isRefusal: false);

    public static AdminError DestinationNotFound { get; } = Add("destination_not_found", 404, isRefusal: false);

    public static AdminError DecisionNotFound { get; } = Add("decision_not_found", 404, isRefusal: false);

    public static AdminError MethodNotAllowed { get; } = Add("method_not_allowed", 405);

    public static AdminError RequestTimeout { get; } = Add("request_timeout", 408);

    public static AdminError BodyTooLarge { get; } = Add("body_too_large", 413);

    public static AdminError ContentTypeNotJson { get; } = Add("content_type_not_json", 415);

    public static AdminError HostNotAllowed { get; } = Add("host_not_allowed", 421);

    public static AdminError ConfigurationInvalid { get; } = Add("configuration_invalid", 422, isRefusal: false);

    public static AdminError InternalError { get; } = Add("internal_error", 500, isRefusal: false);

    /// <summary>All of them, by status.</summary>
    public static IReadOnlyList<AdminError> All => _all;

    /// <summary>Whether the request was turned away, not tried and failed.</summary>
    public bool IsRefusal { get; private init; }

    /// <summary>The one for a status that something else decided on.</summary>
    public static AdminError Of(int status) => _all.Find(error => error.Status == status && error != InvalidPath) ?? (status < 500 ? InvalidRequest : InternalError) with { Status = status };

    private static AdminError Add(string code, int status, bool isRefusal = true)
    {
        var error = new AdminError(code, status) { IsRefusal = isRefusal };
        _all.Add(error);
        return error;
    }
}
