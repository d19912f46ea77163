using BlazeGateway.Api.Access;
using BlazeGateway.Configuration.Options;
using Microsoft.AspNetCore.Authentication;

namespace BlazeGateway.Api;

/// <summary>The front door of the admin plane.</summary>
internal static class AdminApiExtensions
{
    /// <summary>
    /// Registers the admin plane. The host also registers <see cref="AdminPorts"/>, the metrics registry, a <see cref="TimeProvider"/> and the reverse proxy.
    /// </summary>
    public static IServiceCollection AddAdminApi(this IServiceCollection services, AdminOptions options)
    {
        services.AddAuthentication().AddScheme<AuthenticationSchemeOptions, AdminTokenHandler>(AdminTokenHandler.SchemeName, null);
        services.AddAuthorization(static authorization => authorization.AddRolePolicies());
        return services
            .AddSingleton(options)
            .AddSingleton<AdminTokens>()
            .AddSingleton<AdminMetrics>()
            .AddSingleton<AdminAudit>()
            .AddSingleton<Readiness>()
            .AddSingleton<StatusPage>()
            .AddSingleton<LoadBalancerEndpoints>()
            .AddSingleton<AdminApi>();
    }

    /// <summary>Ends the branch of the admin listener: everything that comes here is answered.</summary>
    /// <param name="branch">The branch.</param>
    /// <param name="more">Maps further endpoints, under the same rules.</param>
    public static void UseAdminApi(this IApplicationBuilder branch, Action<IEndpointRouteBuilder>? more = null)
    {
        branch.UseMiddleware<AdminGate>();
        branch.UseRouting();
        branch.UseMiddleware<AdminGuard>();
        branch.UseAuthorization();
        branch.UseEndpoints(endpoints =>
        {
            branch.ApplicationServices.GetRequiredService<AdminApi>().Map(endpoints);
            more?.Invoke(endpoints);
        });
    }
}
